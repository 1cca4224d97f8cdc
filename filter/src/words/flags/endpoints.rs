//! Filters of senders and receivers.

use super::super::flag::Effect::{AnyNamespace, Either, Field, Namespace};
use super::super::flag::Flag;
use super::super::namespaces::NamespaceOf;
use super::super::values::{self, add, push};

pub(super) const FLAGS: &[Flag] = &[
    Flag::new(
        "from-ip",
        "ADDRESS",
        "Address or prefix of the sender, such as 192.0.2.1 or 192.0.2.0/24",
        Field(|f, v| push(&mut f.source_ip, v)),
    ),
    Flag::new(
        "ip",
        "ADDRESS",
        "Address or prefix of either side, such as 192.0.2.1 or 192.0.2.0/24",
        Either(
            |f, v| push(&mut f.source_ip, v),
            |f, v| push(&mut f.destination_ip, v),
        ),
    ),
    Flag::new(
        "to-ip",
        "ADDRESS",
        "Address or prefix of the receiver, such as 192.0.2.1 or 192.0.2.0/24",
        Field(|f, v| push(&mut f.destination_ip, v)),
    ),
    Flag::new(
        "snat-ip",
        "ADDRESS",
        "Address or prefix of the sender after source translation",
        Field(|f, v| push(&mut f.source_ip_xlated, v)),
    ),
    Flag::new(
        "from-pod",
        "[NAMESPACE/]PREFIX",
        "Beginning of the name of the pod of the sender; in namespace default if none is given",
        Field(|f, v| push(&mut f.source_pod, v)),
    ),
    Flag::new(
        "pod",
        "[NAMESPACE/]PREFIX",
        "Beginning of the name of the pod of either side; in namespace default if none is given",
        Either(
            |f, v| push(&mut f.source_pod, v),
            |f, v| push(&mut f.destination_pod, v),
        ),
    ),
    Flag::new(
        "to-pod",
        "[NAMESPACE/]PREFIX",
        "Beginning of the name of the pod of the receiver; in namespace default if none is given",
        Field(|f, v| push(&mut f.destination_pod, v)),
    ),
    Flag::new(
        "from-namespace",
        "NAMESPACE",
        "Kubernetes namespace of the sender",
        Namespace(NamespaceOf::Source),
    ),
    Flag::new(
        "namespace",
        "NAMESPACE",
        "Kubernetes namespace of either side",
        Namespace(NamespaceOf::Either),
    )
    .short('n'),
    Flag::new(
        "to-namespace",
        "NAMESPACE",
        "Kubernetes namespace of the receiver",
        Namespace(NamespaceOf::Destination),
    ),
    Flag::switch(
        "from-all-namespaces",
        "true",
        "Any Kubernetes namespace of the sender",
        AnyNamespace(NamespaceOf::Source),
    ),
    Flag::switch(
        "all-namespaces",
        "true",
        "Any Kubernetes namespace of either side",
        AnyNamespace(NamespaceOf::Either),
    )
    .short('A'),
    Flag::switch(
        "to-all-namespaces",
        "true",
        "Any Kubernetes namespace of the receiver",
        AnyNamespace(NamespaceOf::Destination),
    ),
    Flag::new(
        "from-label",
        "SELECTOR",
        "Label selector of the sender, such as key=value or reserved:world",
        Field(|f, v| push(&mut f.source_label, v)),
    ),
    Flag::new(
        "label",
        "SELECTOR",
        "Label selector of either side, such as key=value or reserved:world",
        Either(
            |f, v| push(&mut f.source_label, v),
            |f, v| push(&mut f.destination_label, v),
        ),
    )
    .short('l'),
    Flag::new(
        "to-label",
        "SELECTOR",
        "Label selector of the receiver, such as key=value or reserved:world",
        Field(|f, v| push(&mut f.destination_label, v)),
    ),
    Flag::new(
        "from-service",
        "[NAMESPACE/]PREFIX",
        "Beginning of the name of the service of the sender; in namespace default if none is given",
        Field(|f, v| push(&mut f.source_service, v)),
    ),
    Flag::new(
        "service",
        "[NAMESPACE/]PREFIX",
        "Beginning of the name of the service of either side; in namespace default if none is given",
        Either(
            |f, v| push(&mut f.source_service, v),
            |f, v| push(&mut f.destination_service, v),
        ),
    ),
    Flag::new(
        "to-service",
        "[NAMESPACE/]PREFIX",
        "Beginning of the name of the service of the receiver; in namespace default if none is given",
        Field(|f, v| push(&mut f.destination_service, v)),
    ),
    Flag::new(
        "from-workload",
        "[KIND/]NAME",
        "Workload of the sender, such as Deployment/web",
        Field(|f, v| add(&mut f.source_workload, Ok(values::workload(v)))),
    ),
    Flag::new(
        "workload",
        "[KIND/]NAME",
        "Workload of either side, such as Deployment/web",
        Either(
            |f, v| add(&mut f.source_workload, Ok(values::workload(v))),
            |f, v| add(&mut f.destination_workload, Ok(values::workload(v))),
        ),
    ),
    Flag::new(
        "to-workload",
        "[KIND/]NAME",
        "Workload of the receiver, such as Deployment/web",
        Field(|f, v| add(&mut f.destination_workload, Ok(values::workload(v)))),
    ),
    Flag::new(
        "from-identity",
        "IDENTITY",
        "Security identity of the sender: a number or a reserved name such as world",
        Field(|f, v| add(&mut f.source_identity, values::identity(v))),
    ),
    Flag::new(
        "identity",
        "IDENTITY",
        "Security identity of either side: a number or a reserved name such as world",
        Either(
            |f, v| add(&mut f.source_identity, values::identity(v)),
            |f, v| add(&mut f.destination_identity, values::identity(v)),
        ),
    ),
    Flag::new(
        "to-identity",
        "IDENTITY",
        "Security identity of the receiver: a number or a reserved name such as world",
        Field(|f, v| add(&mut f.destination_identity, values::identity(v))),
    ),
    Flag::new(
        "from-fqdn",
        "PATTERN",
        "DNS name of the sender, such as *.example.com",
        Field(|f, v| push(&mut f.source_fqdn, v)),
    ),
    Flag::new(
        "fqdn",
        "PATTERN",
        "DNS name of either side, such as *.example.com",
        Either(
            |f, v| push(&mut f.source_fqdn, v),
            |f, v| push(&mut f.destination_fqdn, v),
        ),
    ),
    Flag::new(
        "to-fqdn",
        "PATTERN",
        "DNS name of the receiver, such as *.example.com",
        Field(|f, v| push(&mut f.destination_fqdn, v)),
    ),
    Flag::new(
        "from-cluster",
        "NAME",
        "Name of the cluster of the sender",
        Field(|f, v| push(&mut f.source_cluster_name, v)),
    ),
    Flag::new(
        "cluster",
        "NAME",
        "Name of the cluster of either side",
        Either(
            |f, v| push(&mut f.source_cluster_name, v),
            |f, v| push(&mut f.destination_cluster_name, v),
        ),
    ),
    Flag::new(
        "to-cluster",
        "NAME",
        "Name of the cluster of the receiver",
        Field(|f, v| push(&mut f.destination_cluster_name, v)),
    ),
];
