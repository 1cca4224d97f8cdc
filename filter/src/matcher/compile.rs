//! Makes the tests of a filter.

use uuid::Uuid;

use super::address::{self, Which};
use super::event_type::EventTypes;
use super::glob::Glob;
use super::http::HttpTest;
use super::label::Selector;
use super::node_pattern::NodePattern;
use super::protocol::Protocols;
use super::regex::{PatternError, Patterns};
use super::set::{Set, SmallSet};
use super::test::Test;
use super::text::{NamePrefix, Text};
use super::{Filter, Side, go};
use crate::limits::MAX_VALUES;
use crate::{FilterError, FlowFilter};

impl Filter {
    pub(super) fn compile(filter: &FlowFilter) -> Result<Self, FilterError> {
        if filter.len() > MAX_VALUES {
            return Err(FilterError::TooManyValues(filter.len()));
        }
        if !filter.experimental.cel_expression.is_empty() {
            return Err(FilterError::CelExpression);
        }
        let mut tests = Tests::default();
        tests.small_numbers(filter);
        tests.numbers(filter)?;
        tests.addresses(filter)?;
        tests.names(filter)?;
        tests.labels(filter)?;
        tests.messages(filter)?;
        Ok(Self {
            tests: tests.0.into(),
        })
    }
}

/// The tests of a filter, the cheapest first.
#[derive(Default)]
struct Tests(Vec<Test>);

impl Tests {
    /// Adds the test of a field if it has values.
    fn add<T>(&mut self, values: &[T], test: impl FnOnce(&[T]) -> Test) {
        if !values.is_empty() {
            self.0.push(test(values));
        }
    }

    /// Adds the test of a field if it has values.
    fn try_add<T>(
        &mut self,
        values: &[T],
        test: impl FnOnce(&[T]) -> Result<Test, FilterError>,
    ) -> Result<(), FilterError> {
        if !values.is_empty() {
            self.0.push(test(values)?);
        }
        Ok(())
    }

    fn small_numbers(&mut self, filter: &FlowFilter) {
        let small = |values: &[i32]| SmallSet::new(values.iter().copied());
        let flags = |values: &[bool]| SmallSet::new(values.iter().map(|value| (*value).into()));
        self.add(&filter.verdict, |values| Test::Verdict(small(values)));
        self.add(&filter.traffic_direction, |values| {
            Test::Direction(small(values))
        });
        self.add(&filter.ip_version, |values| Test::IpVersion(small(values)));
        self.add(&filter.reply, |values| Test::Reply(flags(values)));
        self.add(&filter.encrypted, |values| Test::Encrypted(flags(values)));
    }

    fn numbers(&mut self, filter: &FlowFilter) -> Result<(), FilterError> {
        let identities = |values: &[u32]| Set::new(values.iter().copied());
        self.try_add(&filter.source_port, |values| {
            Ok(Test::Port(Side::Source, ports(values, "source port")?))
        })?;
        self.try_add(&filter.destination_port, |values| {
            Ok(Test::Port(
                Side::Destination,
                ports(values, "destination port")?,
            ))
        })?;
        self.add(&filter.source_identity, |values| {
            Test::Identity(Side::Source, identities(values))
        });
        self.add(&filter.destination_identity, |values| {
            Test::Identity(Side::Destination, identities(values))
        });
        self.try_add(&filter.protocol, |values| {
            let protocols = Protocols::parse(values);
            Ok(Test::Protocol(
                protocols.map_err(|error| error.of_field("protocol"))?,
            ))
        })?;
        self.add(&filter.event_type, |values| {
            Test::EventType(EventTypes::new(values))
        });
        self.add(&filter.drop_reason_desc, |values| {
            let codes = values.iter().filter_map(|code| u32::try_from(*code).ok());
            Test::DropReason(Set::new(codes))
        });
        self.add(&filter.tcp_flags, |values| Test::TcpFlags(values.into()));
        self.add(&filter.interface, |values| Test::Interface(values.into()));
        self.add(&filter.ip_trace_id, |values| {
            Test::IpTraceId(Set::new(values.iter().copied()))
        });
        Ok(())
    }

    fn addresses(&mut self, filter: &FlowFilter) -> Result<(), FilterError> {
        for (which, values) in [
            (Which::Source, &filter.source_ip),
            (Which::Destination, &filter.destination_ip),
            (Which::SourceXlated, &filter.source_ip_xlated),
        ] {
            self.try_add(values, |values| {
                Ok(Test::Address(which, address::parse(values)?))
            })?;
        }
        self.add(&filter.uuid, |values| Test::Uuid(uuids(values)));
        Ok(())
    }
}

/// Texts.
impl Tests {
    fn add_text<T>(&mut self, values: &[T], text: impl FnOnce(&[T]) -> Text) {
        self.add(values, |values| Test::Text(Box::new(text(values))));
    }

    fn try_add_text(
        &mut self,
        values: &[String],
        text: impl FnOnce(&[String]) -> Result<Text, FilterError>,
    ) -> Result<(), FilterError> {
        self.try_add(values, |values| Ok(Test::Text(Box::new(text(values)?))))
    }

    fn names(&mut self, filter: &FlowFilter) -> Result<(), FilterError> {
        for (side, values) in [
            (Side::Source, &filter.source_pod),
            (Side::Destination, &filter.destination_pod),
        ] {
            self.try_add_text(values, |values| Ok(Text::Pod(side, name_prefixes(values)?)))?;
        }
        for (side, values, field) in [
            (Side::Source, &filter.source_service, "source service"),
            (
                Side::Destination,
                &filter.destination_service,
                "destination service",
            ),
        ] {
            self.try_add_text(values, |values| {
                let prefixes = name_prefixes(values).map_err(|error| error.of_field(field))?;
                Ok(Text::Service(side, prefixes))
            })?;
        }
        for (side, values) in [
            (Side::Source, &filter.source_cluster_name),
            (Side::Destination, &filter.destination_cluster_name),
        ] {
            self.try_add_text(values, |values| {
                refuse_empty(values)?;
                Ok(Text::Cluster(side, values.into()))
            })?;
        }
        for (side, values) in [
            (Side::Source, &filter.source_workload),
            (Side::Destination, &filter.destination_workload),
        ] {
            self.add_text(values, |values| Text::Workload(side, values.into()));
        }
        self.try_add_text(&filter.node_name, |values| {
            Ok(Text::NodeName(all(values, NodePattern::parse)?))
        })
    }

    fn labels(&mut self, filter: &FlowFilter) -> Result<(), FilterError> {
        for (side, values, field) in [
            (Side::Source, &filter.source_label, "source label"),
            (
                Side::Destination,
                &filter.destination_label,
                "destination label",
            ),
        ] {
            self.try_add_text(values, |values| {
                Ok(Text::Label(side, selectors(values, field)?))
            })?;
        }
        self.try_add_text(&filter.node_labels, |values| {
            Ok(Text::NodeLabel(selectors(values, "node label")?))
        })
    }

    fn messages(&mut self, filter: &FlowFilter) -> Result<(), FilterError> {
        for (side, values) in [
            (Side::Source, &filter.source_fqdn),
            (Side::Destination, &filter.destination_fqdn),
        ] {
            self.try_add_text(values, |values| {
                Ok(Text::Fqdn(side, all(values, Glob::parse)?))
            })?;
        }
        self.add_text(&filter.trace_id, |values| Text::TraceId(values.into()));
        for test in HttpTest::compile(filter)? {
            self.0.push(Test::Text(Box::new(Text::Http(test))));
        }
        self.try_add_text(&filter.dns_query, |values| {
            let patterns = Patterns::compile(values);
            Ok(Text::DnsQuery(patterns.map_err(dns_query_error)?))
        })
    }
}

fn dns_query_error(PatternError { reason, .. }: PatternError) -> FilterError {
    FilterError::invalid(format!("failed to compile regexp: {reason}")).of_field("DNS query")
}

fn ports(texts: &[String], field: &str) -> Result<Set<u16>, FilterError> {
    let port = |text: &String| {
        go::parse_decimal(text, u16::MAX.into())
            .map(|port| port as u16)
            .map_err(|reason| {
                let text = go::quoted(text);
                FilterError::invalid(format!("invalid port {text}: {reason}")).of_field(field)
            })
    };
    let ports: Vec<u16> = texts.iter().map(port).collect::<Result<_, _>>()?;
    Ok(Set::new(ports))
}

/// The UUIDs of a list. Others than in the form in which they are printed are left out, because no
/// flow has them.
fn uuids(texts: &[String]) -> Set<u128> {
    let parsed = texts.iter().filter_map(|text| {
        let uuid = Uuid::try_parse(text).ok()?;
        (uuid.to_string() == *text).then_some(uuid.as_u128())
    });
    Set::new(parsed)
}

fn refuse_empty(names: &[String]) -> Result<(), FilterError> {
    if names.iter().any(String::is_empty) {
        return Err(FilterError::invalid(
            "invalid filter, name must not be empty",
        ));
    }
    Ok(())
}

fn name_prefixes(texts: &[String]) -> Result<Box<[NamePrefix]>, FilterError> {
    refuse_empty(texts)?;
    Ok(texts.iter().map(|text| NamePrefix::parse(text)).collect())
}

fn selectors(texts: &[String], field: &str) -> Result<Box<[Selector]>, FilterError> {
    all(texts, Selector::parse).map_err(|error| error.of_field(field))
}

/// Parses all texts of a list.
fn all<T>(
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Box<[T]>, FilterError> {
    let parsed = texts.iter().map(|text| parse(text));
    parsed
        .collect::<Result<_, _>>()
        .map_err(FilterError::InvalidValue)
}
