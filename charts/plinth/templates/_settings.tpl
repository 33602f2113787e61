{{/* What the operator is told: operator/src/settings reads it. */}}
{{- define "plinth.settings" -}}
concurrency: {{ .Values.operator.concurrency }}
{{- with .Values.operator.namespaces }}
namespaces: {{- toYaml . | nindent 2 }}
{{- end }}
development: {{ .Values.operator.development }}
defaultImage: {{ include "plinth.image" (dict "context" . "image" .Values.image) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
discovery: {{ .Values.discovery.driver }}
{{- if eq .Values.discovery.driver "consul" }}
consul: {address: {{ required "discovery.consul.address: the driver consul needs the address of Consul" .Values.discovery.consul.address | quote }}}
{{- end }}
databaseSecret: {{ include "plinth.postgresSecret" . }}
{{- with include "plinth.redisSecret" . }}
redisSecret: {{ . }}
{{- end }}
gateway:
  service: {{- toYaml .Values.gateway.service | nindent 4 }}
  {{- if .Values.gateway.ingress.enabled }}
  ingress: {{- toYaml (omit .Values.gateway.ingress "enabled") | nindent 4 }}
  {{- end }}
  {{- if .Values.gateway.httpRoute.enabled }}
  httpRoute: {{- toYaml (omit .Values.gateway.httpRoute "enabled") | nindent 4 }}
  {{- end }}
{{- end }}
