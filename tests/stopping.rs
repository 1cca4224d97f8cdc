//! Signals.

use serde_json::Value;

use crate::support::{Agent, Cilium, Place};

#[test]
fn a_signal_stops_the_receivers_and_drains() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let cilium = Cilium::listen(&place.path("monitor.sock"));
        let config = place.socket("reconnect");
        let ledger = place.path("ledger.json");
        let mut agent = Agent::start(&[
            "run".as_ref(),
            "--strict".as_ref(),
            "-c".as_ref(),
            config.as_os_str(),
            "--ledger".as_ref(),
            ledger.as_os_str(),
        ]);
        let address = agent.address();
        let connection = cilium.send(500);
        while !crate::support::get(&address, "/debug/ledger").1.contains("\"in\":500") {}
        agent.signal(signal);
        agent.says("stopping; another signal ends it at once");
        let ended = agent.ended();
        drop(connection);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let ledger: Value = serde_json::from_str(&std::fs::read_to_string(&ledger).unwrap()).unwrap();
        assert_eq!((&ledger["balanced"], &ledger["stages"][0]["in"]), (&Value::Bool(true), &Value::from(500)));
    }
}
