package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "plinth.dev", Version: "v1alpha1"}

// Module holds the fields that the measured Modules have; the children are made of nothing else.
type Module struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ModuleSpec   `json:"spec"`
	Status ModuleStatus `json:"status,omitempty"`
}

type ModuleSpec struct {
	Version        string            `json:"version"`
	Summary        string            `json:"summary,omitempty"`
	Image          string            `json:"image,omitempty"`
	Ports          ModulePorts       `json:"ports,omitempty"`
	Replicas       *int32            `json:"replicas,omitempty"`
	Config         map[string]string `json:"config,omitempty"`
	Cache          bool              `json:"cache,omitempty"`
	Paused         bool              `json:"paused,omitempty"`
	DeletionPolicy string            `json:"deletionPolicy,omitempty"`
}

type ModulePorts struct {
	HTTP int32 `json:"http,omitempty"`
}

type ModuleStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Phase              string             `json:"phase,omitempty"`
	Version            string             `json:"version,omitempty"`
	Replicas           int32              `json:"replicas,omitempty"`
	ReadyReplicas      int32              `json:"readyReplicas,omitempty"`
	Selector           string             `json:"selector,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

type ModuleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Module `json:"items"`
}

func (m *Module) DeepCopyObject() runtime.Object { return m.DeepCopy() }

func (m *Module) DeepCopy() *Module {
	out := *m
	m.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if m.Spec.Replicas != nil {
		replicas := *m.Spec.Replicas
		out.Spec.Replicas = &replicas
	}
	if m.Spec.Config != nil {
		out.Spec.Config = make(map[string]string, len(m.Spec.Config))
		for key, value := range m.Spec.Config {
			out.Spec.Config[key] = value
		}
	}
	out.Status.Conditions = append([]metav1.Condition(nil), m.Status.Conditions...)
	return &out
}

func (l *ModuleList) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]Module, len(l.Items))
	for index := range l.Items {
		out.Items[index] = *l.Items[index].DeepCopy()
	}
	return &out
}

func addModuleToScheme(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(groupVersion, &Module{}, &ModuleList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
}
