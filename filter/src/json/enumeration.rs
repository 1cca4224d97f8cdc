//! Enumerations, which JSON has as names or numbers. Numbers without a name are allowed, as in
//! proto3.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use tidegate_model::flow::{Direction, DropReason, IpVersion, Verdict};

/// The number of a `flow.Verdict`.
pub(crate) fn verdict_number(name: &str) -> Option<i32> {
    let verdict = Verdict::ALL
        .into_iter()
        .find(|verdict| verdict.name() == name)?;
    Some(verdict as i32)
}

/// The number of a `flow.TrafficDirection`.
fn direction_number(name: &str) -> Option<i32> {
    let direction = [Direction::Unknown, Direction::Ingress, Direction::Egress]
        .into_iter()
        .find(|direction| direction.name() == name)?;
    Some(direction as i32)
}

/// The number of a `flow.DropReason`.
pub(crate) fn drop_reason_number(name: &str) -> Option<i32> {
    DropReason::from_name(name).and_then(|reason| i32::try_from(reason.0).ok())
}

/// The number of a `flow.IPVersion`.
fn ip_version_number(name: &str) -> Option<i32> {
    let version = [IpVersion::NotUsed, IpVersion::V4, IpVersion::V6]
        .into_iter()
        .find(|version| version.name() == name)?;
    Some(version as i32)
}

/// Declares an enumeration and the function that reads a list of its values.
macro_rules! enumeration {
    ($read:ident, $marker:ident, $what:literal, $number:ident) => {
        #[doc = concat!("Reads a list of ", $what, "s; `null` is an empty one.")]
        pub(crate) fn $read<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<i32>, D::Error> {
            let values: Vec<Value<$marker>> = super::value(input)?;
            Ok(values.into_iter().map(|value| value.number).collect())
        }

        struct $marker;

        impl Enumeration for $marker {
            const WHAT: &str = $what;

            fn number(name: &str) -> Option<i32> {
                $number(name)
            }
        }
    };
}

enumeration!(verdicts, Verdicts, "verdict", verdict_number);
enumeration!(
    directions,
    Directions,
    "traffic direction",
    direction_number
);
enumeration!(drop_reasons, DropReasons, "drop reason", drop_reason_number);
enumeration!(ip_versions, IpVersions, "IP version", ip_version_number);

/// An enumeration of `flow.proto`.
trait Enumeration {
    /// The term for a value.
    const WHAT: &str;

    /// The number of the value with this name.
    fn number(name: &str) -> Option<i32>;
}

/// A value of an enumeration.
struct Value<E> {
    number: i32,
    of: PhantomData<E>,
}

impl<'de, E: Enumeration> Deserialize<'de> for Value<E> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let number = input.deserialize_any(EnumerationVisitor::<E>(PhantomData))?;
        Ok(Self {
            number,
            of: PhantomData,
        })
    }
}

struct EnumerationVisitor<E>(PhantomData<E>);

impl<T: Enumeration> Visitor<'_> for EnumerationVisitor<T> {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name or number of a {}", T::WHAT)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<i32, E> {
        T::number(name).ok_or_else(|| E::custom(format!("there is no {} named `{name}`", T::WHAT)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i32, E> {
        i32::try_from(number).map_err(|_| out_of_range(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i32, E> {
        i32::try_from(number).map_err(|_| out_of_range(number))
    }
}

fn out_of_range<E: Error>(number: impl fmt::Display) -> E {
    E::custom(format!("the number {number} is out of range"))
}
