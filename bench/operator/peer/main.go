// An operator on controller-runtime that makes the same children of a Module as Plinth's does, to measure that one beside it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	kubeconfig := flag.String("cluster", "", "kubeconfig file")
	metricsAddress := flag.String("metrics", "127.0.0.1:8080", "address of /metrics")
	healthAddress := flag.String("health", "127.0.0.1:8081", "address of /readyz, which answers once the caches are filled")
	mode := flag.String("mode", "lean", "plain applies every child at each reconcile; lean leaves alone those that are as they should be")
	workers := flag.Int("workers", 16, "reconciles at a time")
	flag.Parse()
	if *mode != "plain" && *mode != "lean" {
		return fmt.Errorf("-mode is plain or lean, not %q", *mode)
	}
	ctrl.SetLogger(zap.New())

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	// No limit on this side: the API server's own fairness is the limit.
	config.QPS = -1

	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	addModuleToScheme(scheme)

	ours := labels.SelectorFromSet(labels.Set{managedBy: fieldManager})
	children := cache.ByObject{Label: ours}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                metricsserver.Options{BindAddress: *metricsAddress},
		HealthProbeBindAddress: *healthAddress,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: map[client.Object]cache.ByObject{
				&corev1.ServiceAccount{}:      children,
				&corev1.Service{}:             children,
				&corev1.ConfigMap{}:           children,
				&rbacv1.Role{}:                children,
				&rbacv1.RoleBinding{}:         children,
				&networkingv1.NetworkPolicy{}: children,
				&appsv1.Deployment{}:          children,
				&appsv1.ControllerRevision{}:  children,
			},
		},
	})
	if err != nil {
		return err
	}

	reconciler := &reconciler{client: manager.GetClient(), lean: *mode == "lean"}
	err = ctrl.NewControllerManagedBy(manager).
		Named("module").
		For(&Module{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&corev1.Service{}).
		Owns(&corev1.ConfigMap{}).
		Owns(&rbacv1.Role{}).
		Owns(&rbacv1.RoleBinding{}).
		Owns(&networkingv1.NetworkPolicy{}).
		Owns(&appsv1.Deployment{}).
		Owns(&appsv1.ControllerRevision{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: *workers, CacheSyncTimeout: 2 * time.Minute}).
		Complete(reconciler)
	if err != nil {
		return err
	}
	synced := func(request *http.Request) error {
		if !manager.GetCache().WaitForCacheSync(request.Context()) {
			return errors.New("the caches are not filled")
		}
		return nil
	}
	if err := manager.AddReadyzCheck("caches", healthz.Checker(synced)); err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
