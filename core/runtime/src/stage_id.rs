//! The names of stages.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a stage does in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It brings records in.
    Receiver,
    /// It changes records.
    Processor,
    /// It takes records out.
    Exporter,
}

/// A stage: its role, and its id in the configuration, which is `kind` or `kind/name`. Written as
/// `exporters.otlp/backup`, in the ledger, in logs and in metrics.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId {
    text: Arc<str>,
    role: Role,
}

/// The error for a text that is not a stage's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a stage: expected a name such as `exporters.otlp`")]
pub struct NotAStage(String);

impl Role {
    /// Every role, in the order of a pipeline.
    pub const ALL: [Self; 3] = [Self::Receiver, Self::Processor, Self::Exporter];

    /// The section of the configuration that defines stages of this role.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Receiver => "receivers",
            Self::Processor => "processors",
            Self::Exporter => "exporters",
        }
    }
}

impl StageId {
    /// The stage of a role with this id.
    #[must_use]
    pub fn new(role: Role, id: &str) -> Self {
        Self {
            text: format!("{}.{id}", role.section()).into(),
            role,
        }
    }

    /// A receiver.
    #[must_use]
    pub fn receiver(id: &str) -> Self {
        Self::new(Role::Receiver, id)
    }

    /// A processor.
    #[must_use]
    pub fn processor(id: &str) -> Self {
        Self::new(Role::Processor, id)
    }

    /// An exporter.
    #[must_use]
    pub fn exporter(id: &str) -> Self {
        Self::new(Role::Exporter, id)
    }

    /// The stage's role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The id in the configuration: `kind` or `kind/name`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.text[self.role.section().len() + 1..]
    }

    /// The kind of component.
    #[must_use]
    pub fn kind(&self) -> &str {
        let id = self.id();
        id.split_once('/').map_or(id, |(kind, _)| kind)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Display for StageId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for StageId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl FromStr for StageId {
    type Err = NotAStage;

    fn from_str(text: &str) -> Result<Self, NotAStage> {
        let (section, id) = text.split_once('.').unwrap_or_default();
        Role::ALL
            .into_iter()
            .find(|role| role.section() == section)
            .map(|role| Self::new(role, id))
            .ok_or_else(|| NotAStage(text.to_owned()))
    }
}

impl AsRef<str> for StageId {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialEq<str> for StageId {
    fn eq(&self, other: &str) -> bool {
        &*self.text == other
    }
}

impl PartialEq<&str> for StageId {
    fn eq(&self, other: &&str) -> bool {
        &*self.text == *other
    }
}

impl Serialize for StageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for StageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotAStage, Role, StageId};

    #[test]
    fn a_name_has_a_role_a_kind_and_an_id() {
        let stage: StageId = "exporters.otlp/a.b".parse().unwrap();
        assert_eq!(stage, StageId::new(Role::Exporter, "otlp/a.b"));
        assert_eq!(
            (stage.role(), stage.kind(), stage.id(), stage.as_str()),
            (Role::Exporter, "otlp", "otlp/a.b", "exporters.otlp/a.b")
        );
    }

    #[test]
    fn a_text_without_a_known_role_is_not_a_stage() {
        for text in ["", "otlp", "exporter.otlp", "pipelines.flows"] {
            assert_eq!(text.parse::<StageId>(), Err(NotAStage(text.to_owned())));
        }
    }

    #[test]
    fn json_has_the_name_as_one_string() {
        let json = serde_json::to_string(&StageId::receiver("replay")).unwrap();
        assert_eq!(json, r#""receivers.replay""#);
        assert_eq!(
            serde_json::from_str::<StageId>(&json).unwrap(),
            StageId::receiver("replay")
        );
    }
}
