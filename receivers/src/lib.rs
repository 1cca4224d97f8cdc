//! The receivers, which bring records into the pipelines.
//!
//! Each kind is a module: [`monitor1_2`] reads the Cilium agent's monitor socket, [`replay`] a
//! recording of it. Both produce one record per frame, as `frames` decodes them; neither interprets
//! the payload of a frame.

mod frames;
pub mod monitor1_2;
pub mod replay;

use tidegate_runtime::component::ReceiverKind;

/// Every kind of receiver.
pub const KINDS: &[ReceiverKind] = &[monitor1_2::KIND, replay::KIND];

#[cfg(test)]
mod tests {
    use super::KINDS;

    /// The names of the fields that serde expects, from its error about an unknown one.
    fn fields(error: &str) -> Vec<&str> {
        let expected = error.split_once("expected ").map_or("", |(_, list)| list);
        expected.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_keys_of_every_kind_are_the_fields_of_its_configuration() {
        for kind in KINDS {
            let table = toml::de::ValueDeserializer::parse("{ no_such_key = 1 }").unwrap();
            let error = (kind.parse)(table).unwrap_err().to_string();
            let keys: Vec<_> = kind.keys.iter().map(|key| key.name).collect();
            assert_eq!(fields(&error), keys, "{}: {error}", kind.name);
        }
    }
}
