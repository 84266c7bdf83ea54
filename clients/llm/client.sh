# Simon Willison's llm.
PATH="$VIRTUAL_ENV/bin:$PATH"
export LLM_USER_PATH=$HOME/llm
mkdir -p "$LLM_USER_PATH"
# setting
llm keys set entrepot --value YOUR-KEY
cat >> "$(dirname "$(llm logs path)")/extra-openai-models.yaml" << 'YAML'
- {model_id: auto, model_name: auto, api_base: "http://127.0.0.1:8080/v1", api_key_name: entrepot, supports_tools: true, supports_schema: true}
YAML
# end
tell() { python3 -c 'import json, sys; print(json.dumps([*sys.argv[1:], sys.stdin.read().strip()]))' "$@"; }
tools='
def tide(port: str) -> str:
    """When high water is."""
    return f"06:12 at {port}"

def tide_tomorrow(port: str) -> str:
    """When high water is tomorrow."""
    return f"06:58 at {port}"
'
cd "$LLM_USER_PATH"
for model; do
  sed "s/: auto/: $model/g" extra-openai-models.yaml > named && cat named >> all.yaml
done
cat all.yaml >> extra-openai-models.yaml
for model; do
  llm -m "$model" --no-stream 'When is high water?' | tell whole "$model"
  llm -m "$model" 'When is high water?' | tell 'whole streamed' "$model"
  llm -m "$model" --functions "$tools" 'When is high water at both ports?' | tell tools "$model"
  llm -m "$model" --schema 'port, hour int' 'When?' | python3 -c 'import json, sys; print(json.dumps(["structured", sys.argv[1], json.load(sys.stdin)]))' "$model"
  (llm -m "$model" 'Please count the waves' > waves.txt 2>&1) &
  until grep -q wave waves.txt; do sleep 0.2; done
  pkill -INT -P $! || kill $!
  wait $! || true
  tell left "$model" < waves.txt
done
