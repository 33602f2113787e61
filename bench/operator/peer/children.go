package main

import (
	"encoding/json"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	nameLabel    = "app.kubernetes.io/name"
	defaultImage = "plinth/services:0.1.0"
	ownConfig    = "-module"
)

func labelsOf(module *Module) map[string]string {
	return map[string]string{
		nameLabel:                     module.Name,
		"app.kubernetes.io/instance":  module.Name,
		"app.kubernetes.io/version":   module.Spec.Version,
		"app.kubernetes.io/component": "module",
		"app.kubernetes.io/part-of":   "plinth",
		managedBy:                     fieldManager,
		"plinth.dev/module":           module.Name,
	}
}

func selectorOf(module *Module) map[string]string {
	return map[string]string{nameLabel: module.Name}
}

func metadataOf(module *Module, name string) metav1.ObjectMeta {
	yes := true
	return metav1.ObjectMeta{
		Name:      name,
		Namespace: module.Namespace,
		Labels:    labelsOf(module),
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: groupVersion.String(), Kind: "Module", Name: module.Name, UID: module.UID, Controller: &yes, BlockOwnerDeletion: &yes,
		}},
	}
}

func typeOf(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

func serviceAccountOf(module *Module) child {
	no := false
	return child{
		wanted: &corev1.ServiceAccount{
			TypeMeta: typeOf("v1", "ServiceAccount"), ObjectMeta: metadataOf(module, module.Name), AutomountServiceAccountToken: &no,
		},
		live: &corev1.ServiceAccount{},
		holds: func(wanted, live client.Object) bool {
			return equality.Semantic.DeepDerivative(
				wanted.(*corev1.ServiceAccount).AutomountServiceAccountToken, live.(*corev1.ServiceAccount).AutomountServiceAccountToken)
		},
	}
}

func roleOf(module *Module) child {
	read := []string{"get", "list", "watch"}
	return child{
		wanted: &rbacv1.Role{
			TypeMeta: typeOf("rbac.authorization.k8s.io/v1", "Role"), ObjectMeta: metadataOf(module, module.Name),
			Rules: []rbacv1.PolicyRule{
				{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{module.Name + ownConfig}, Verbs: read},
				{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
			},
		},
		live: &rbacv1.Role{},
		holds: func(wanted, live client.Object) bool {
			return equality.Semantic.DeepDerivative(wanted.(*rbacv1.Role).Rules, live.(*rbacv1.Role).Rules)
		},
	}
}

func roleBindingOf(module *Module) child {
	return child{
		wanted: &rbacv1.RoleBinding{
			TypeMeta: typeOf("rbac.authorization.k8s.io/v1", "RoleBinding"), ObjectMeta: metadataOf(module, module.Name),
			RoleRef:  rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: module.Name},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: module.Name, Namespace: module.Namespace}},
		},
		live: &rbacv1.RoleBinding{},
		holds: func(wanted, live client.Object) bool {
			return equality.Semantic.DeepDerivative(wanted.(*rbacv1.RoleBinding).Subjects, live.(*rbacv1.RoleBinding).Subjects)
		},
	}
}

func networkPolicyOf(module *Module) child {
	tcp, udp := corev1.ProtocolTCP, corev1.ProtocolUDP
	port := func(protocol *corev1.Protocol, number int) networkingv1.NetworkPolicyPort {
		at := intstr.FromInt(number)
		return networkingv1.NetworkPolicyPort{Protocol: protocol, Port: &at}
	}
	scrapers := networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "monitoring"}},
	}
	return child{
		wanted: &networkingv1.NetworkPolicy{
			TypeMeta: typeOf("networking.k8s.io/v1", "NetworkPolicy"), ObjectMeta: metadataOf(module, module.Name),
			Spec: networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: selectorOf(module)},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
				Ingress: []networkingv1.NetworkPolicyIngressRule{{
					From:  []networkingv1.NetworkPolicyPeer{scrapers},
					Ports: []networkingv1.NetworkPolicyPort{port(&tcp, int(module.Spec.Ports.HTTP))},
				}},
				Egress: []networkingv1.NetworkPolicyEgressRule{
					{Ports: []networkingv1.NetworkPolicyPort{port(&udp, 53), port(&tcp, 53)}},
					{Ports: []networkingv1.NetworkPolicyPort{port(&tcp, 443), port(&tcp, 6443)}},
				},
			},
		},
		live: &networkingv1.NetworkPolicy{},
		holds: func(wanted, live client.Object) bool {
			return equality.Semantic.DeepDerivative(wanted.(*networkingv1.NetworkPolicy).Spec, live.(*networkingv1.NetworkPolicy).Spec)
		},
	}
}

func serviceOf(module *Module) child {
	appProtocol := "http"
	return child{
		wanted: &corev1.Service{
			TypeMeta: typeOf("v1", "Service"), ObjectMeta: metadataOf(module, module.Name),
			Spec: corev1.ServiceSpec{
				Type:     corev1.ServiceTypeClusterIP,
				Selector: selectorOf(module),
				Ports: []corev1.ServicePort{{
					Name: "http", Port: module.Spec.Ports.HTTP, TargetPort: intstr.FromString("http"), Protocol: corev1.ProtocolTCP, AppProtocol: &appProtocol,
				}},
			},
		},
		live: &corev1.Service{},
		holds: func(wanted, live client.Object) bool {
			return equality.Semantic.DeepDerivative(wanted.(*corev1.Service).Spec, live.(*corev1.Service).Spec)
		},
	}
}

func acceptedOf(module *Module) []byte {
	text, err := json.Marshal(map[string]any{
		"apiVersion": groupVersion.String(),
		"kind":       "Module",
		"metadata":   map[string]any{"name": module.Name, "namespace": module.Namespace, "labels": module.Labels},
		"spec":       module.Spec,
	})
	if err != nil {
		panic(err)
	}
	return text
}

func configMapOf(module *Module) child {
	return child{
		wanted: &corev1.ConfigMap{
			TypeMeta: typeOf("v1", "ConfigMap"), ObjectMeta: metadataOf(module, module.Name+ownConfig),
			Data: map[string]string{"module.json": string(acceptedOf(module)), "neighbours.json": "[]"},
		},
		live: &corev1.ConfigMap{},
		holds: func(wanted, live client.Object) bool {
			return maps.Equal(wanted.(*corev1.ConfigMap).Data, live.(*corev1.ConfigMap).Data)
		},
	}
}

// revisionOf keeps one revision a spec; what it was made with never changes.
func revisionOf(module *Module) child {
	accepted := acceptedOf(module)
	hash, _ := hashOf(&appsv1.ControllerRevision{Data: runtime.RawExtension{Raw: accepted}})
	return child{
		wanted: &appsv1.ControllerRevision{
			TypeMeta: typeOf("apps/v1", "ControllerRevision"), ObjectMeta: metadataOf(module, module.Name+"-"+hash[:10]),
			Data: runtime.RawExtension{Raw: accepted}, Revision: 1,
		},
		live:  &appsv1.ControllerRevision{},
		holds: func(_, _ client.Object) bool { return true },
	}
}
