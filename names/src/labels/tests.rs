//! What entries hold stays within the budget, and goes with them.

use tidegate_model::Timestamp;
use tidegate_model::names::{
    EndpointName, IdentityName, Names, NamesContent, NamesList, NamesSource,
};
use tidegate_model::record::{
    AgentEvent, AgentEventType, EndpointRegen, EndpointUpdate, Notification,
};

use super::*;
use crate::settings::Settings;
use crate::shared::{SharedTable, TableWriter};

/// Labels of about this many bytes, which differ by the number.
fn labels(number: u32, len: usize) -> Vec<String> {
    vec![
        format!("k8s:a={number:08}"),
        format!("k8s:b={}", "x".repeat(len)),
    ]
}

fn table() -> TableWriter {
    let settings = Settings {
        max_entries: 20_000,
        ..Settings::default()
    };
    SharedTable::new(settings).writer()
}

fn held(writer: &TableWriter) -> usize {
    writer.table().read().labels.bytes()
}

fn absorb(writer: &TableWriter, second: u64, content: NamesContent) -> Vec<RejectReason> {
    writer.absorb(Names {
        source: NamesSource::CiliumApi,
        asked: Timestamp(second * 1_000_000_000),
        content,
    })
}

fn list(writer: &TableWriter, second: u64, identity: u32, len: usize) -> Vec<RejectReason> {
    let labels = labels(identity, len);
    let listed = vec![IdentityName { identity, labels }];
    absorb(writer, second, NamesContent::Identities(listed))
}

fn announce(
    writer: &TableWriter,
    event_type: AgentEventType,
    notification: Notification,
) -> Result<(), RejectReason> {
    writer.apply(&AgentEvent {
        event_type,
        notification,
        stream: 1,
        time: Timestamp(1_000_000_000),
    })
}

fn create(writer: &TableWriter, id: u64, len: usize) -> Result<(), RejectReason> {
    let endpoint = EndpointUpdate {
        id,
        namespace: "shop".to_owned(),
        pod_name: format!("cart-{id}"),
        labels: labels(u32::try_from(id).unwrap(), len),
        ..EndpointUpdate::default()
    };
    let notification = Notification::EndpointUpdate(endpoint);
    announce(writer, AgentEventType::EndpointCreated, notification)
}

fn regenerate(writer: &TableWriter, id: u64, len: usize) -> Result<(), RejectReason> {
    let endpoint = EndpointRegen {
        id,
        labels: labels(0, len),
        ..EndpointRegen::default()
    };
    let notification = Notification::EndpointRegenerate(endpoint);
    announce(
        writer,
        AgentEventType::EndpointRegenerateSuccess,
        notification,
    )
}

#[test]
fn all_identities_of_a_cluster_with_a_kilobyte_of_labels_each_fit() {
    let budget = LabelBudget::new(Settings::default().max_entries);
    let labels = vec!["x".repeat(80); 13];
    let bytes = bytes_of(&EndpointNames::of_labels(labels));
    assert!(65_279 * bytes <= budget.max(), "{bytes} bytes each");
}

#[test]
fn a_flood_of_announced_endpoints_stays_within_the_budget() {
    let writer = table();
    let ids = 1..12_919;
    let rejected: Vec<_> = ids
        .filter_map(|id| create(&writer, id, 12_000).err())
        .collect();
    assert!(rejected.len() > 1000);
    assert!(
        rejected
            .iter()
            .all(|reason| *reason == RejectReason::TableFull)
    );
    let table = writer.table().read();
    assert!(table.labels.bytes() <= table.labels.max());
    assert_eq!(table.endpoints.len() + rejected.len(), 12_918);
}

#[test]
fn a_flood_of_listed_identities_stays_within_the_budget() {
    let writer = table();
    let listed = |number| IdentityName {
        identity: 1000 + number,
        labels: labels(number, 16_000),
    };
    let listed = (0..8000).map(listed).collect();
    let rejected = absorb(&writer, 1, NamesContent::Identities(listed));
    assert!(rejected.len() > 1000);
    assert!(
        rejected
            .iter()
            .all(|reason| *reason == RejectReason::TableFull)
    );
    let table = writer.table().read();
    assert!(table.labels.bytes() <= table.labels.max());
    assert_eq!(table.identities.counts()[0] + rejected.len(), 8000);
}

#[test]
fn labels_that_are_replaced_or_removed_are_released() {
    let writer = table();
    assert_eq!(list(&writer, 1, 4242, 1000), []);
    let one = held(&writer);
    assert!((1000..2000).contains(&one));
    assert_eq!(list(&writer, 1, 4242, 1000), []);
    assert_eq!(held(&writer), one, "the same labels");
    assert_eq!(list(&writer, 1, 4242, 3000), []);
    assert_eq!(held(&writer), one + 2000);
    absorb(&writer, 2, NamesContent::Complete(NamesList::Identities));
    assert_eq!(held(&writer), 0, "it is not in the list");

    create(&writer, 312, 1000).unwrap();
    regenerate(&writer, 312, 3000).unwrap();
    assert_eq!(held(&writer), one + 2000);
    let listed = EndpointName {
        id: 312,
        namespace: "shop".to_owned(),
        pod_name: "cart-312".to_owned(),
        labels: labels(0, 500),
        ..EndpointName::default()
    };
    assert_eq!(
        absorb(&writer, 3, NamesContent::Endpoints(vec![listed])),
        []
    );
    assert_eq!(held(&writer), one - 500);
    absorb(&writer, 4, NamesContent::Complete(NamesList::Endpoints));
    assert_eq!(held(&writer), 0);
}

#[test]
fn an_entry_is_replaced_in_a_full_table_if_it_gets_no_larger() {
    let writer = table();
    let full = (0..).find(|number| !list(&writer, 1, 1000 + number, 16_000).is_empty());
    let last = 999 + full.unwrap();
    assert_eq!(list(&writer, 1, last, 15_999), []);
    let before = held(&writer);
    create(&writer, 312, 16_000).unwrap_err();
    let room = writer.table().read().labels.max() - before;
    create(&writer, 312, room / 2).unwrap();
    regenerate(&writer, 312, 16_000).unwrap_err();
    let table = writer.table().read();
    let labels = table.endpoints.labels(312).unwrap();
    assert_eq!(
        labels.labels.labels[0], "k8s:a=00000312",
        "it keeps its labels"
    );
}

#[test]
fn labels_of_records_count_and_those_that_are_too_long_are_not_learned() {
    let writer = table();
    let record = |len| Arc::new(EndpointNames::of_labels(labels(0, len)));
    assert_eq!(list(&writer, 1, 4242, 1000), []);
    let listed = held(&writer);
    writer.learn(4242, &record(2000)).unwrap();
    assert_eq!(held(&writer), listed + 1000);
    let long = writer.learn(4242, &record(20_000));
    assert_eq!(long, Err(RejectReason::LongNames));
    assert_eq!(held(&writer), listed + 1000);
    writer
        .table()
        .read()
        .labels
        .0
        .max
        .store(0, Ordering::Relaxed);
    let full = writer.learn(4242, &record(3000));
    assert_eq!(full, Err(RejectReason::TableFull));
    assert_eq!(held(&writer), listed + 1000);
}

#[test]
fn labels_that_entries_share_are_counted_until_the_last_one_is_gone() {
    let budget = LabelBudget::new(0);
    let one = budget.hold_copy(&labels(0, 1000), None).unwrap().unwrap();
    let bytes = budget.bytes();
    let other = one.clone();
    assert_eq!(budget.bytes(), bytes);
    drop(one);
    assert_eq!(budget.bytes(), bytes);
    drop(other);
    assert_eq!(budget.bytes(), 0);
}

#[test]
fn a_workload_with_a_longer_name_than_kubernetes_allows_is_not_inferred() {
    let writer = table();
    for (len, is_inferred) in [(253, true), (254, false)] {
        let listed = EndpointName {
            id: 312,
            namespace: "shop".to_owned(),
            pod_name: "once".to_owned(),
            derived_labels: vec![format!("k8s:job-name={}", "x".repeat(len))],
            ..EndpointName::default()
        };
        absorb(&writer, 1, NamesContent::Endpoints(vec![listed]));
        let table = writer.table().read();
        let endpoint = table.endpoints.get(312).unwrap();
        assert_eq!(endpoint.inferred_workload.is_some(), is_inferred, "{len}");
    }
}
