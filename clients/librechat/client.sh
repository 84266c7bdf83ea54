# LibreChat: what it asks when it looks for models, and reads of the answer; it is not run itself.
# setting
cat > librechat.yaml << 'YAML'
version: 1.2.1
endpoints:
  custom:
    - name: Entrepot
      baseURL: http://127.0.0.1:8080/v1
      apiKey: YOUR-KEY
      models: {default: [auto], fetch: true}
      titleConvo: true
      titleModel: auto
YAML
# end
of() { sed -n "s/^ *$1: //p" librechat.yaml; }
curl -sSf "$(of baseURL)/models" -H "authorization: Bearer $(of apiKey)" \
  | python3 -c 'import json, sys; print(json.dumps(["models", "auto", [item["id"] for item in json.load(sys.stdin)["data"]]]))'
