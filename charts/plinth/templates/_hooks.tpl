{{/* Call with (dict "events" "pre-upgrade" "weight" "0"). What failed stays, so that its log can be read, until the next run. */}}
{{- define "plinth.hookAnnotations" -}}
helm.sh/hook: {{ .events }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/*
A Job that works on the release's Modules, with an account and a role of its own.
Call with (dict "context" $ "name" "wait" "events" "post-install" "verbs" (list "get") "args" (list "wait") "timeoutSeconds" 280).
*/}}
{{- define "plinth.moduleHook" -}}
{{- $name := printf "%s-%s" (include "plinth.fullname" .context) .name }}
{{- $labels := include "plinth.labels" (dict "context" .context "component" .name) }}
{{- $annotations := include "plinth.hookAnnotations" (dict "events" .events "weight" "0") }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  namespace: {{ .context.Release.Namespace }}
  labels: {{- $labels | nindent 4 }}
  annotations: {{- $annotations | nindent 4 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}
  namespace: {{ .context.Release.Namespace }}
  labels: {{- $labels | nindent 4 }}
  annotations: {{- $annotations | nindent 4 }}
rules:
  - apiGroups: [plinth.dev]
    resources: [modules]
    verbs: {{ toJson .verbs }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
  namespace: {{ .context.Release.Namespace }}
  labels: {{- $labels | nindent 4 }}
  annotations: {{- $annotations | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ $name }}}
subjects:
  - {kind: ServiceAccount, name: {{ $name }}, namespace: {{ .context.Release.Namespace }}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}
  namespace: {{ .context.Release.Namespace }}
  labels: {{- $labels | nindent 4 }}
  annotations: {{- include "plinth.hookAnnotations" (dict "events" .events "weight" "5") | nindent 4 }}
spec:
  backoffLimit: 0
  # A little longer than the process, which says what it waited for when its own time is over.
  activeDeadlineSeconds: {{ add .timeoutSeconds 15 }}
  template: {{- include "plinth.hookPod" (dict "context" .context "name" .name "args" .args "settings" .settings) | nindent 4 }}
{{- end }}
