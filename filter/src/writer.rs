//! Writes filters in protobuf's JSON mapping, with the escapes of Go's `encoding/json`.

use tidegate_model::flow::{Direction, DropReason, IpVersion, TcpFlags, Verdict};

use crate::flow_filter::FieldValue;
use crate::{EventTypeFilter, FlowFilter, HttpHeader, NetworkInterface, Workload};

impl FlowFilter {
    /// The filter as one line of protobuf's JSON mapping, as Hubble's CLI prints it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = members(self.lists());
        let cel_expression: Vec<_> = self
            .experimental
            .cel_expression
            .iter()
            .map(|expression| text(expression))
            .collect();
        let experimental = self::members(vec![("cel_expression", cel_expression)]);
        if !experimental.is_empty() {
            members.push(format!("\"experimental\":{}", object(&experimental)));
        }
        object(&members)
    }
}

/// The lists that are not empty.
fn members(lists: Vec<(&'static str, Vec<String>)>) -> Vec<String> {
    let given = lists.into_iter().filter(|(_, values)| !values.is_empty());
    given
        .map(|(name, values)| format!("\"{name}\":[{}]", values.join(",")))
        .collect()
}

fn object(members: &[String]) -> String {
    format!("{{{}}}", members.join(","))
}

/// The members whose values are not `default`, which protobuf leaves out.
fn object_of<const N: usize>(members: [(&str, String); N], default: &[&str]) -> String {
    let given = members
        .into_iter()
        .filter(|(_, value)| !default.contains(&value.as_str()));
    let members: Vec<_> = given
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    object(&members)
}

fn text(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

impl FieldValue for String {
    fn json(&self, _: &str) -> String {
        text(self)
    }
}

impl FieldValue for bool {
    fn json(&self, _: &str) -> String {
        self.to_string()
    }
}

impl FieldValue for u32 {
    fn json(&self, _: &str) -> String {
        self.to_string()
    }
}

/// 64-bit numbers are texts in protobuf's JSON.
impl FieldValue for u64 {
    fn json(&self, _: &str) -> String {
        format!("\"{self}\"")
    }
}

/// A value of an enumeration: its name, or its number if it has none.
impl FieldValue for i32 {
    fn json(&self, field: &str) -> String {
        let number = *self;
        let name = match field {
            "verdict" => Verdict::ALL
                .into_iter()
                .find(|verdict| *verdict as i32 == number)
                .map(Verdict::name),
            "traffic_direction" => [Direction::Unknown, Direction::Ingress, Direction::Egress]
                .into_iter()
                .find(|direction| *direction as i32 == number)
                .map(Direction::name),
            "ip_version" => [IpVersion::NotUsed, IpVersion::V4, IpVersion::V6]
                .into_iter()
                .find(|version| *version as i32 == number)
                .map(IpVersion::name),
            _ => u32::try_from(number)
                .ok()
                .and_then(|number| DropReason(number).name()),
        };
        name.map_or_else(|| number.to_string(), |name| format!("\"{name}\""))
    }
}

impl FieldValue for EventTypeFilter {
    fn json(&self, _: &str) -> String {
        let members = [
            ("type", self.event_type.to_string()),
            ("match_sub_type", self.match_sub_type.to_string()),
            ("sub_type", self.sub_type.to_string()),
        ];
        object_of(members, &["0", "false"])
    }
}

impl FieldValue for Workload {
    fn json(&self, _: &str) -> String {
        let members = [("name", text(&self.name)), ("kind", text(&self.kind))];
        object_of(members, &["\"\""])
    }
}

impl FieldValue for NetworkInterface {
    fn json(&self, _: &str) -> String {
        let members = [
            ("index", self.index.to_string()),
            ("name", text(&self.name)),
        ];
        object_of(members, &["0", "\"\""])
    }
}

impl FieldValue for HttpHeader {
    fn json(&self, _: &str) -> String {
        let members = [("key", text(&self.key)), ("value", text(&self.value))];
        object_of(members, &["\"\""])
    }
}

impl FieldValue for TcpFlags {
    fn json(&self, _: &str) -> String {
        // In the order of the message's declaration.
        let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS"];
        let has = |name: &str| {
            let known = TcpFlags::NAMES.iter().find(|(_, known)| *known == name);
            known.is_some_and(|(bit, _)| self.has(*bit))
        };
        let members = names.map(|name| (name, has(name).to_string()));
        object_of(members, &["false"])
    }
}

#[cfg(test)]
mod tests {
    use crate::Filters;

    fn written(line: &str) -> Vec<String> {
        let filters = Filters::from_line(line).unwrap();
        filters
            .allow
            .iter()
            .map(|filter| filter.to_json())
            .collect()
    }

    /// The expected lines are those of `hubble observe --print-raw-filters`, v1.19.4.
    #[test]
    fn filters_are_written_as_hubbles_cli_writes_them() {
        let common = r#""destination_workload":[{"name":"x","kind":"Deployment"}],"traffic_direction":["INGRESS"],"drop_reason_desc":["POLICY_DENIED"],"interface":[{"name":"eth0"}],"event_type":[{"type":4,"match_sub_type":true},{"type":1}],"source_identity":[2],"http_path":["/a\\d\""],"http_header":[{"key":"a","value":"it's"}],"tcp_flags":[{"SYN":true,"ACK":true}],"ip_version":["IPv6"],"ip_trace_id":["5"],"encrypted":[true],"experimental":{"cel_expression":["true"]}"#;
        let line = r#"--pod a/b -t trace:to-endpoint -t drop --tcp-flags syn,ack --ip-trace-id 5 --http-header "a:it's" --interface eth0 --to-workload Deployment/x --from-identity world --encrypted -6 --traffic-direction ingress --http-path '/a\d"' --drop-reason-desc POLICY_DENIED --cel-expression true"#;
        let expected = ["source_pod", "destination_pod"]
            .map(|field| format!("{{\"{field}\":[\"a/b\"],{common}}}"));
        assert_eq!(written(line), expected);
        assert_eq!(
            written("--http-url 'é<a>&'"),
            [r#"{"http_url":["é\u003ca\u003e\u0026"]}"#]
        );
    }

    #[test]
    fn what_is_written_is_read_as_the_same_filter() {
        let line = "--allowlist '{\"verdict\":[99,2],\"reply\":[true],\"trace_id\":[\"<\"]}'";
        let filters = Filters::from_line(line).unwrap();
        let json = filters.allow[0].to_json();
        assert_eq!(
            json,
            r#"{"verdict":[99,"DROPPED"],"reply":[true],"trace_id":["\u003c"]}"#
        );
        assert_eq!(
            serde_json::from_str(&json).ok(),
            Some(filters.allow[0].clone())
        );
    }
}
