# Anthropic's Claude Code, without anybody to ask it.
PATH="$(echo "$CLIENT"/node_modules/@anthropic-ai/claude-code-*):$PATH"  # the binary itself: no script of a package is run
# setting
export ANTHROPIC_BASE_URL=http://127.0.0.1:8080 ANTHROPIC_AUTH_TOKEN=YOUR-KEY
export ANTHROPIC_MODEL=auto ANTHROPIC_DEFAULT_HAIKU_MODEL=auto  # or any name of /v1/models
export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1  # nothing to Anthropic beside
# end
for model; do
  claude -p 'Say when high water is.' --model "$model" --output-format json --allowedTools Bash > said.json 2> said.err \
    || { cat said.json said.err >&2; exit 1; }
  python3 -c 'import json, sys; print(json.dumps(["tool", sys.argv[1], json.load(open("said.json"))["result"]]))' "$model"
  : > waves.txt
  claude -p 'Please count the waves' --model "$model" --verbose --output-format stream-json --include-partial-messages \
    > waves.txt 2>&1 &
  for _ in {1..300}; do grep -q '"text":"wave' waves.txt && break; sleep 0.1; done
  kill -INT $!
  wait $! || true
  python3 -c 'import json, sys; print(json.dumps(["left", sys.argv[1], ""]))' "$model"
done
