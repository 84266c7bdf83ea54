# curl: each of the three dialects, whole and streamed.
# setting
base=http://127.0.0.1:8080/v1 key=YOUR-KEY json='content-type: application/json'

chat() { curl -sSN $base/chat/completions -H "authorization: Bearer $key" -H "$json" -d "$1"; }
responses() { curl -sSN $base/responses -H "authorization: Bearer $key" -H "$json" -d "$1"; }
messages() { curl -sSN $base/messages -H "x-api-key: $key" -H 'anthropic-version: 2023-06-01' -H "$json" -d "$1"; }
# end
reading='
import json, sys

def words(d):  # of a whole reply or of an event, in any of the dialects
    if "choices" in d:
        return d["choices"] and (d["choices"][0].get("message") or d["choices"][0]["delta"]).get("content")
    if "output" in d:
        return d["output"][0]["content"][0]["text"]
    if "content" in d:
        return d["content"][0]["text"]
    return d["delta"] if isinstance(d.get("delta"), str) else (d.get("delta") or {}).get("text")

check, model, said = sys.argv[1], sys.argv[2], sys.stdin.read()
stream = [line[6:] for line in said.splitlines() if line.startswith("data: {")]
found = [text for text in map(words, map(json.loads, stream or [said])) if text]
print(json.dumps([check, model, found if check.startswith("stream") else found[0]]))
'
tell() { python3 -c "$reading" "$@"; }
asked='[{"role": "user", "content": "When is high water?"}]'
for model; do
  said="\"model\": \"$model\", \"max_tokens\": 999, \"messages\": $asked" put="\"model\": \"$model\", \"input\": $asked"
  chat "{$said}" | tell 'whole chat' "$model"
  chat "{$said, \"stream\": true}" | tell 'stream chat' "$model"
  messages "{$said}" | tell 'whole messages' "$model"
  messages "{$said, \"stream\": true}" | tell 'stream messages' "$model"
  responses "{$put}" | tell 'whole responses' "$model"
  responses "{$put, \"stream\": true}" | tell 'stream responses' "$model"
  waves='[{"role": "user", "content": "Please count the waves"}]'
  chat "{\"model\": \"$model\", \"messages\": $waves, \"stream\": true}" > waves.txt &
  until grep -q wave waves.txt; do sleep 0.1; done
  kill -- $(pgrep -P $!) 2> /dev/null || kill $!
  tell 'left chat' "$model" < waves.txt
done
