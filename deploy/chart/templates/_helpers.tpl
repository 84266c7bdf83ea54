{{- define "entrepot.name" -}}
{{- if contains "entrepot" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-entrepot" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "entrepot.selector" -}}
app.kubernetes.io/name: entrepot
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "entrepot.labels" -}}
{{ include "entrepot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "entrepot.shared" -}}
{{- if or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled }}true{{ end -}}
{{- end }}

{{- define "entrepot.policies" -}}
{{- if and .Values.policies.existingConfigMap .Values.policies.files }}
{{- fail "give policies.existingConfigMap or policies.files, not both" }}
{{- end }}
{{- if not (or .Values.policies.existingConfigMap .Values.policies.files) }}
{{- fail "no policy is given: name a ConfigMap in policies.existingConfigMap, or set policies.files (see values.yaml)" }}
{{- end }}
{{- .Values.policies.existingConfigMap | default (printf "%s-policies" (include "entrepot.name" .)) -}}
{{- end }}
