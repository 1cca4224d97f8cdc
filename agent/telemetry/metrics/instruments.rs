//! The instruments of the components as metrics.

use tidegate_runtime::telemetry::Telemetry;

use super::family::MetricFamily;

/// The instruments, grouped by name.
pub(super) fn families(telemetry: &Telemetry) -> Vec<MetricFamily> {
    let mut families: Vec<(&'static str, MetricFamily)> = Vec::new();
    for instrument in telemetry.instruments() {
        let labels: Vec<_> = instrument
            .labels
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        #[expect(
            clippy::cast_precision_loss,
            reason = "the exposition formats have nothing wider"
        )]
        let value = instrument.value() as f64;
        match families
            .iter_mut()
            .find(|(name, _)| *name == instrument.name)
        {
            Some((_, family)) => family.add(&labels, value),
            None => {
                let new = if instrument.is_counter {
                    MetricFamily::counter
                } else {
                    MetricFamily::gauge
                };
                families.push((
                    instrument.name,
                    new(instrument.name, instrument.help).sample(&labels, value),
                ));
            }
        }
    }
    families.into_iter().map(|(_, family)| family).collect()
}
