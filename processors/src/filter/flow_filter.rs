//! Hubble's `flow.FlowFilter` as a table of the configuration.

use serde::Deserialize;
use tidegate_filter::FlowFilter;
use tidegate_runtime::config::{Setting, Shape, Value};

/// A [`FlowFilter`] in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct FilterTable(pub(super) FlowFilter);

impl Setting for FilterTable {
    fn shape() -> Shape {
        Shape::Fields(FlowFilter::FIELDS)
    }

    fn to_toml(&self) -> Option<Value> {
        // No key has one by default.
        None
    }
}
