{{- define "plinth.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The prefix of all that the chart names: 40 characters at most, so that each suffix fits in the 63 of a label. */}}
{{- define "plinth.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "plinth.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "plinth.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Labels of everything. Call with (dict "context" $ "component" "operator"). */}}
{{- define "plinth.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name .context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
{{ include "plinth.selectorLabels" . }}
{{- with .context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What selects the pods of one component: never changes in the life of a release. */}}
{{- define "plinth.selectorLabels" -}}
app.kubernetes.io/name: {{ include "plinth.name" .context }}
app.kubernetes.io/instance: {{ .context.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: plinth
{{- end }}

{{/* An image by its whole reference, or from its parts. Call with (dict "context" $ "image" .Values.image). */}}
{{- define "plinth.image" -}}
{{- if .image.ref -}}
{{- .image.ref -}}
{{- else -}}
{{- .image.repository }}:{{ default .context.Chart.AppVersion .image.tag }}{{ with .image.digest }}@{{ . }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "plinth.serviceAccountName" -}}
{{- if .Values.operator.serviceAccount.create -}}
{{- default (printf "%s-operator" (include "plinth.fullname" .)) .Values.operator.serviceAccount.name -}}
{{- else -}}
{{- required "operator.serviceAccount.name: name the ServiceAccount that operator.serviceAccount.create: false relies on" .Values.operator.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* The Secret with the administrator's URL of Postgres under the key url. */}}
{{- define "plinth.postgresSecret" -}}
{{- default "plinth-postgres" .Values.postgres.existingSecret -}}
{{- end }}

{{/* Whether the release has a Postgres of its own: not empty. */}}
{{- define "plinth.ownPostgres" -}}
{{- if and .Values.postgres.enabled (not .Values.postgres.existingSecret) }}true{{ end -}}
{{- end }}

{{/* Modules of this release, by label. */}}
{{- define "plinth.moduleSelector" -}}
app.kubernetes.io/managed-by={{ .Release.Service }},app.kubernetes.io/instance={{ .Release.Name }}
{{- end }}

{{/* No process of ours needs more. */}}
{{- define "plinth.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "plinth.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/*
A one-shot pod of the operator's image, for hooks. Call with (dict "context" $ "name" "wait" "args" (list "wait")).
*/}}
{{- define "plinth.hookPod" -}}
metadata:
  labels:
    {{- include "plinth.labels" (dict "context" .context "component" .name) | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "plinth.fullname" .context }}-{{ .name }}
  {{- with .context.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext: {{- include "plinth.podSecurityContext" .context | nindent 4 }}
  containers:
    - name: {{ .name }}
      image: {{ include "plinth.image" (dict "context" .context "image" .context.Values.operator.image) }}
      imagePullPolicy: {{ .context.Values.operator.image.pullPolicy }}
      command: [node, operator/src/main.ts]
      args: {{- toYaml .args | nindent 8 }}
      env:
        - name: PLINTH_NAMESPACE
          valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
      resources: {{- toYaml .context.Values.hooks.resources | nindent 8 }}
      securityContext: {{- include "plinth.containerSecurityContext" .context | nindent 8 }}
      {{- if .settings }}
      volumeMounts:
        - {name: settings, mountPath: /etc/plinth, readOnly: true}
  volumes:
    - name: settings
      configMap: {name: {{ include "plinth.fullname" .context }}-operator}
      {{- end }}
  {{- with .context.Values.operator.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .context.Values.operator.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
