# Open WebUI: what it asks when it looks for models, and reads of the answer; it is not run itself.
# setting
export OPENAI_API_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=YOUR-KEY
# end
curl -sSf "$OPENAI_API_BASE_URL/models" -H "authorization: Bearer $OPENAI_API_KEY" -H 'content-type: application/json' \
  | python3 -c '
import json, sys

models = {model["id"]: {**model, "name": model.get("name", model["id"])} for model in json.load(sys.stdin)["data"]}
assert all(model["owned_by"] and model["object"] == "model" for model in models.values())
print(json.dumps(["models", "auto", list(models)]))
'
