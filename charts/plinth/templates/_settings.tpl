{{/*
What the operator is told, beside its Lease and names: operator/src/module/settings.ts says what each field means.
*/}}
{{- define "plinth.settings" -}}
{{- $settings := dict
  "name" (include "plinth.fullname" .)
  "concurrency" .Values.operator.concurrency
  "development" .Values.operator.development
  "defaultImage" (include "plinth.image" (dict "context" . "image" .Values.image))
  "imagePullPolicy" .Values.image.pullPolicy
  "discovery" .Values.discovery.driver
  "databaseSecret" (include "plinth.postgresSecret" .)
}}
{{- $names := list }}
{{- range .Values.imagePullSecrets }}{{ $names = append $names .name }}{{ end }}
{{- $_ := set $settings "imagePullSecrets" $names }}
{{- with .Values.operator.namespaces }}{{ $_ := set $settings "namespaces" . }}{{ end }}
{{- if .Values.webhook.enabled }}
{{- $_ := set $settings "webhook" (ternary (dict "certificateFolder" "/var/run/plinth/webhook-tls") dict .Values.webhook.certManager.enabled) }}
{{- end }}
{{- if eq .Values.discovery.driver "consul" }}
{{- $_ := set $settings "consulUrl" (required "discovery.consulUrl: the driver consul needs the URL of Consul" .Values.discovery.consulUrl) }}
{{- end }}
{{- $network := deepCopy .Values.network }}
{{- if and (include "plinth.ownPostgres" .) (not $network.database.peers) }}
{{- $peer := dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" .Release.Namespace)) "podSelector" (dict "matchLabels" (include "plinth.selectorLabels" (dict "context" . "component" "postgres") | fromYaml)) }}
{{- $_ := set $network.database "peers" (list $peer) }}
{{- end }}
{{- $_ := set $settings "network" $network }}
{{- $_ := set $settings "monitoring" (pick .Values.metrics "serviceMonitors" "prometheusRules" "dashboards" "labels") }}
{{- with .Values.gateway }}
{{- if and .ingress.enabled .httpRoute.enabled }}{{ fail "gateway: enable ingress or httpRoute, not both" }}{{ end }}
{{- if .ingress.enabled }}
{{- $exposure := dict "kind" "Ingress" "hosts" .ingress.hosts "annotations" .ingress.annotations }}
{{- with .ingress.className }}{{ $_ := set $exposure "className" . }}{{ end }}
{{- with .ingress.tlsSecret }}{{ $_ := set $exposure "tlsSecret" . }}{{ end }}
{{- $_ := set $settings "exposure" $exposure }}
{{- else if .httpRoute.enabled }}
{{- $_ := set $settings "exposure" (dict "kind" "HTTPRoute" "hosts" .httpRoute.hosts "gateways" .httpRoute.gateways "annotations" .httpRoute.annotations) }}
{{- end }}
{{- end }}
{{- toYaml $settings }}
{{- end }}
