{{/* The port at which the gateway's Service answers. */}}
{{- define "plinth.gatewayPort" -}}
{{- $packed := default (dict) (.Files.Get "files/modules/gateway.yaml" | fromYaml) -}}
{{- $port := dig "spec" "ports" "http" 8080 $packed -}}
{{- dig "gateway" "ports" "http" $port .Values.modules -}}
{{- end }}
