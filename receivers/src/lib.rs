//! Where records come from.
//!
//! Each kind is a module: [`monitor1_2`] reads the Cilium agent's monitor socket, [`replay`] a
//! recording of it. Both make one record of each frame, with what `frames` decodes; neither looks
//! at what a frame holds.

mod frames;
pub mod monitor1_2;
pub mod replay;

use tidegate_runtime::component::ReceiverKind;

/// Every kind of receiver.
pub const KINDS: &[ReceiverKind] = &[monitor1_2::KIND, replay::KIND];

#[cfg(test)]
mod tests {
    use super::KINDS;

    /// The fields that serde would have accepted, from its refusal of one that it does not know.
    fn fields(refusal: &str) -> Vec<&str> {
        let expected = refusal.split_once("expected ").map_or("", |(_, list)| list);
        expected.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_keys_of_every_kind_are_the_fields_of_its_configuration() {
        for kind in KINDS {
            let table = toml::de::ValueDeserializer::parse("{ no_such_key = 1 }").unwrap();
            let refusal = (kind.parse)(table).unwrap_err().to_string();
            let keys: Vec<_> = kind.keys.iter().map(|key| key.name).collect();
            assert_eq!(fields(&refusal), keys, "{}: {refusal}", kind.name);
        }
    }
}
