# OpenAI's Codex CLI, without anybody to ask it.
PATH="$CLIENT/node_modules/.bin:$PATH"
# setting
export CODEX_HOME=~/.codex-entrepot ENTREPOT_KEY=YOUR-KEY  # or put what follows into ~/.codex/config.toml
mkdir -p $CODEX_HOME
cat > $CODEX_HOME/config.toml << 'TOML'
model = "auto"
model_provider = "entrepot"

[model_providers.entrepot]
name = "Entrepot"
base_url = "http://127.0.0.1:8080/v1"
env_key = "ENTREPOT_KEY"
wire_api = "responses"
TOML
# end
ask() { codex exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox -m "$1" -o last.txt "$2" >> log.txt 2>&1; }
tell() { python3 -c 'import json, sys; print(json.dumps([*sys.argv[1:], open("last.txt").read().strip()]))' "$@"; }
for model; do
  ask "$model" 'Say when high water is.' || { tail -c 1500 log.txt >&2; exit 1; }
  grep -q . last.txt && tell "tool" "$model"
  ask "$model" 'Please count the waves' &
  sleep 6
  pkill -INT -P $! || true
  wait $! || true
  tell left "$model"
done
