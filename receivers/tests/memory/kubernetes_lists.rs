//! Lists of a Kubernetes API server: those of a large cluster, and objects of nearly 4 MiB, which is
//! the default of `max_object`.

use std::io::{self, Write};
use std::sync::Barrier;

use crate::api::{Lists, elements, text};

const PODS: &str = "/api/v1/pods";
const SERVICES: &str = "/api/v1/services";

/// The pods of a node, and the services of a large cluster.
pub(crate) const LARGE_CLUSTER: Lists = &[
    (PODS, |out| {
        list(out, 250, |out, number| pod(out, number, 16 << 10))
    }),
    (SERVICES, |out| {
        list(out, 5_000, |out, number| service(out, number, 4 << 10))
    }),
];

/// As many bytes as an object of the largest size has in its texts.
const TEXT: usize = (4 << 20) - 1024;

/// Holds the last object of each list back until all but its end has been sent of both.
static BOTH: Barrier = Barrier::new(2);

/// Lists whose objects are as large as they may be, two of which are being read at once.
pub(crate) const LARGEST: Lists = &[
    (PODS, |out| {
        list(out, 3, |out, number| {
            write!(out, r#"{{"metadata":{{"name":""#)?;
            largest(out, number)?;
            write!(out, r#"","namespace":"team"}}}}"#)
        })
    }),
    (SERVICES, |out| {
        list(out, 3, |out, number| {
            write!(out, r#"{{"metadata":{{"namespace":"team","name":""#)?;
            largest(out, number)?;
            write!(out, r#""}},"spec":{{"clusterIP":"10.96.0.1"}}}}"#)
        })
    }),
];

fn largest(out: &mut dyn Write, number: u32) -> io::Result<()> {
    text(out, TEXT)?;
    if number == 2 {
        out.flush()?;
        BOTH.wait();
    }
    Ok(())
}

fn list(
    out: &mut dyn Write,
    count: u32,
    object: fn(&mut dyn Write, u32) -> io::Result<()>,
) -> io::Result<()> {
    write!(
        out,
        r#"{{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"7"}},"items":["#
    )?;
    elements(out, count, object)?;
    write!(out, "]}}")
}

fn pod(out: &mut dyn Write, number: u32, fields: usize) -> io::Result<()> {
    write!(
        out,
        r#"{{"metadata":{{"name":"web-5d89-{number:05}","generateName":"web-5d89-","namespace":"team","labels":{{"pod-template-hash":"5d89"}},"ownerReferences":[{{"kind":"ReplicaSet","name":"web-5d89","controller":true}}],"managedFields":""#
    )?;
    text(out, fields)?;
    write!(out, r#""}}}}"#)
}

fn service(out: &mut dyn Write, number: u32, fields: usize) -> io::Result<()> {
    let [_, _, a, b] = number.to_be_bytes();
    write!(
        out,
        r#"{{"metadata":{{"name":"service-{number}","namespace":"team","managedFields":""#
    )?;
    text(out, fields)?;
    write!(out, r#""}},"spec":{{"clusterIP":"10.96.{a}.{b}","ports":["#)?;
    elements(out, 4, |out, port| {
        write!(out, r#"{{"port":{},"protocol":"TCP"}}"#, 80 + port)
    })?;
    write!(out, "]}}}}")
}
