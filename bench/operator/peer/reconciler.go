package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	fieldManager   = "peer-operator"
	managedBy      = "app.kubernetes.io/managed-by"
	hashAnnotation = "peer.plinth.dev/hash"
)

type reconciler struct {
	client client.Client
	// lean: children that are as they should be are left alone.
	lean bool
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	module := &Module{}
	if err := r.client.Get(ctx, request.NamespacedName, module); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !module.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	deployment := buildDeployment(module)
	children := []child{
		serviceAccountOf(module),
		roleOf(module),
		roleBindingOf(module),
		networkPolicyOf(module),
		serviceOf(module),
		revisionOf(module),
		configMapOf(module),
		deployment,
	}
	for _, child := range children {
		if err := r.apply(ctx, child); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.updateStatus(ctx, module, deployment.wanted.(*appsv1.Deployment))
}

// child is what an object should be, an empty one of its kind to read into, and whether what was read has all that is wanted.
type child struct {
	wanted client.Object
	live   client.Object
	holds  func(wanted, live client.Object) bool
}

func (r *reconciler) apply(ctx context.Context, child child) error {
	hash, err := hashOf(child.wanted)
	if err != nil {
		return err
	}
	child.wanted.SetAnnotations(map[string]string{hashAnnotation: hash})
	if r.lean {
		err := r.client.Get(ctx, client.ObjectKeyFromObject(child.wanted), child.live)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err == nil && child.live.GetAnnotations()[hashAnnotation] == hash &&
			equality.Semantic.DeepDerivative(child.wanted.GetLabels(), child.live.GetLabels()) &&
			equality.Semantic.DeepDerivative(child.wanted.GetOwnerReferences(), child.live.GetOwnerReferences()) &&
			child.holds(child.wanted, child.live) {
			return nil
		}
	}
	return r.client.Patch(ctx, child.wanted, client.Apply, client.FieldOwner(fieldManager), client.ForceOwnership)
}

// updateStatus writes once the replicas are ready, and only what differs.
func (r *reconciler) updateStatus(ctx context.Context, module *Module, wanted *appsv1.Deployment) error {
	deployment := &appsv1.Deployment{}
	if err := r.client.Get(ctx, client.ObjectKeyFromObject(wanted), deployment); err != nil {
		// Not in the cache yet: its arrival brings the module back.
		return client.IgnoreNotFound(err)
	}
	state := deployment.Status
	if state.ObservedGeneration < deployment.Generation || state.ReadyReplicas < *wanted.Spec.Replicas {
		return nil
	}
	next := module.DeepCopy()
	next.Status.ObservedGeneration = module.Generation
	next.Status.Phase = "Running"
	next.Status.Version = module.Spec.Version
	next.Status.Replicas = state.Replicas
	next.Status.ReadyReplicas = state.ReadyReplicas
	next.Status.Selector = nameLabel + "=" + module.Name
	meta.SetStatusCondition(&next.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, Reason: "Running", ObservedGeneration: module.Generation,
	})
	if equality.Semantic.DeepEqual(module.Status, next.Status) {
		return nil
	}
	return r.client.Status().Patch(ctx, next, client.MergeFrom(module))
}

func hashOf(object client.Object) (string, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}
