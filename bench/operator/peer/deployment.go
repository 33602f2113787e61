package main

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func to[Value any](value Value) *Value { return &value }

func buildDeployment(module *Module) child {
	replicas := int32(1)
	if module.Spec.Replicas != nil {
		replicas = *module.Spec.Replicas
	}
	unavailable, surge := intstr.FromInt32(0), intstr.FromInt32(1)
	return child{
		wanted: &appsv1.Deployment{
			TypeMeta: typeOf("apps/v1", "Deployment"), ObjectMeta: metadataOf(module, module.Name),
			Spec: appsv1.DeploymentSpec{
				Replicas:                &replicas,
				RevisionHistoryLimit:    to(int32(3)),
				ProgressDeadlineSeconds: to(int32(300)),
				Selector:                &metav1.LabelSelector{MatchLabels: selectorOf(module)},
				Strategy: appsv1.DeploymentStrategy{
					Type:          appsv1.RollingUpdateDeploymentStrategyType,
					RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &unavailable, MaxSurge: &surge},
				},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labelsOf(module)}, Spec: podOf(module)},
			},
		},
		live: &appsv1.Deployment{},
		holds: func(wanted, live client.Object) bool {
			return equality.Semantic.DeepDerivative(wanted.(*appsv1.Deployment).Spec, live.(*appsv1.Deployment).Spec)
		},
	}
}

func podOf(module *Module) corev1.PodSpec {
	image := module.Spec.Image
	if image == "" {
		image = defaultImage
	}
	probe := func(path string, period, failures int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")}},
			PeriodSeconds:    period,
			SuccessThreshold: 1,
			FailureThreshold: failures,
			TimeoutSeconds:   3,
		}
	}
	field := func(name, path string) corev1.EnvVar {
		source := &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
		return corev1.EnvVar{Name: name, ValueFrom: source}
	}
	return corev1.PodSpec{
		ServiceAccountName:            module.Name,
		AutomountServiceAccountToken:  to(false),
		EnableServiceLinks:            to(false),
		TerminationGracePeriodSeconds: to(int64(45)),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   to(true),
			RunAsUser:      to(int64(10001)),
			RunAsGroup:     to(int64(10001)),
			FSGroup:        to(int64(10001)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{
			{
				MaxSkew: 1, TopologyKey: "kubernetes.io/hostname", WhenUnsatisfiable: corev1.ScheduleAnyway,
				LabelSelector: &metav1.LabelSelector{MatchLabels: selectorOf(module)},
			},
			{
				MaxSkew: 1, TopologyKey: "topology.kubernetes.io/zone", WhenUnsatisfiable: corev1.ScheduleAnyway,
				LabelSelector: &metav1.LabelSelector{MatchLabels: selectorOf(module)},
			},
		},
		Containers: []corev1.Container{{
			Name:            "module",
			Image:           image,
			ImagePullPolicy: corev1.PullIfNotPresent,
			Args:            []string{"run", module.Name},
			Ports:           []corev1.ContainerPort{{Name: "http", ContainerPort: module.Spec.Ports.HTTP, Protocol: corev1.ProtocolTCP}},
			Env: []corev1.EnvVar{
				{Name: "PLINTH_PLACE", Value: "kubernetes"},
				{Name: "PLINTH_MODULE", Value: module.Name},
				{Name: "PLINTH_DISCOVERY", Value: "kubernetes"},
				{Name: "PLINTH_DATA", Value: "/var/lib/plinth"},
				field("PLINTH_NAMESPACE", "metadata.namespace"),
				field("PLINTH_POD_NAME", "metadata.name"),
				field("PLINTH_POD_IP", "status.podIP"),
			},
			StartupProbe:   probe("/healthz", 1, 60),
			LivenessProbe:  probe("/healthz", 10, 3),
			ReadinessProbe: probe("/ready", 5, 2),
			Lifecycle:      &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 5}}},
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("96Mi")},
			},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: to(false),
				ReadOnlyRootFilesystem:   to(true),
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
			VolumeMounts: []corev1.VolumeMount{
				{Name: "kubernetes", MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true},
				{Name: "tmp", MountPath: "/tmp"},
				{Name: "data", MountPath: "/var/lib/plinth"},
			},
		}},
		Volumes: []corev1.Volume{
			{Name: "kubernetes", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: kubernetesSources()}}},
			{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		},
	}
}

func kubernetesSources() []corev1.VolumeProjection {
	namespace := &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}
	return []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: to(int64(3600))}},
		{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
		}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "namespace", FieldRef: namespace}}}},
	}
}
