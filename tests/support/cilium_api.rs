//! A fake of the REST API of Cilium's agent, with recorded answers.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// A server of recorded answers on a unix socket. It serves until the process ends.
#[derive(Clone, Default)]
pub(crate) struct FakeApi(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The answers by path.
    answers: Value,
    /// The paths that were asked for since the answers were set.
    asked: BTreeSet<String>,
}

impl FakeApi {
    /// Listens on a path, with answers by path.
    pub(crate) fn listen(path: &Path, answers: Value) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let api = Self::default();
        api.set(answers);
        let server = api.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = server.clone();
                // Fails when the client closes the connection.
                thread::spawn(move || drop(server.serve(client)));
            }
        });
        api
    }

    /// Replaces the answers.
    pub(crate) fn set(&self, answers: Value) {
        *self.0.lock().unwrap() = State {
            answers,
            asked: BTreeSet::new(),
        };
    }

    /// Refuses everything until the next answers: what was read later would replace what a recording
    /// announces.
    pub(crate) fn refuse(&self) {
        self.set(Value::Null);
    }

    /// Whether each of the answers was asked for.
    pub(crate) fn all_were_asked_for(&self) -> bool {
        let state = self.0.lock().unwrap();
        let answers = state.answers.as_object().unwrap();
        answers.keys().all(|path| state.asked.contains(path))
    }

    fn serve(&self, client: UnixStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(client.try_clone()?).lines();
        let mut client = client;
        while let Some(request) = lines.next().transpose()? {
            while lines
                .next()
                .transpose()?
                .is_some_and(|line| !line.is_empty())
            {}
            let path = request.split(' ').nth(1).unwrap_or_default();
            let path = path.split('?').next().unwrap_or_default();
            let answer = self.answer(path);
            let status = match answer {
                Some(_) => "200 OK",
                // What is shown does not depend on when the answer arrives.
                None if path.starts_with("/v1/identity/") => "429 Too Many Requests",
                None if self.refuses() => "429 Too Many Requests",
                None => "404 Not Found",
            };
            let body = answer.map(|answer| answer.to_string()).unwrap_or_default();
            write!(
                client,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
        }
        Ok(())
    }

    fn refuses(&self) -> bool {
        self.0.lock().unwrap().answers.is_null()
    }

    fn answer(&self, path: &str) -> Option<Value> {
        let mut state = self.0.lock().unwrap();
        state.asked.insert(path.to_owned());
        if let Some(number) = path.strip_prefix("/v1/identity/") {
            let number: u64 = number.parse().ok()?;
            let identities = state.answers["/v1/identity"].as_array()?;
            return identities.iter().find(|one| one["id"] == number).cloned();
        }
        state.answers.get(path).cloned()
    }
}
