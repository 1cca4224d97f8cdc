//! The listeners of the agent's own pages: `service.telemetry.listen` for metrics and health, and
//! for `/debug` while it is a loopback address; `service.telemetry.admin.listen` for `/debug`,
//! where there is one.

mod access;
mod connection;
mod listener;
mod site;
mod socket;
mod tls;

pub(crate) use access::read as read_tokens;
pub(crate) use tls::{certificates, key, roots};

use std::net::SocketAddr;

use axum::Router;

use crate::config::{Listen, TelemetrySettings};
use listener::Listener;
use site::{AccessError, Site};
use socket::BindError;

/// The listeners, which answer until this is dropped; the file of a unix socket goes with it.
#[derive(Debug)]
pub(crate) struct Server {
    router: Router,
    settings: TelemetrySettings,
    telemetry: Listener,
    admin: Option<Listener>,
}

/// Why the pages cannot be served as they are to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("cannot listen on {listen} for {what} (`{key}`)")]
    Unbound {
        listen: Listen,
        what: &'static str,
        key: &'static str,
        source: BindError,
    },
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Which listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Telemetry,
    Admin,
}

/// A listener as it is to be.
struct Wanted {
    role: Role,
    listen: Listen,
    site: Site,
}

impl Server {
    /// Binds what is configured, and answers from now on.
    pub(super) async fn start(
        settings: &TelemetrySettings,
        router: Router,
    ) -> Result<Self, ServerError> {
        let (telemetry, admin) = wanted(settings, &router)?;
        let telemetry = telemetry.open().await?;
        let admin = match admin {
            Some(admin) => Some(admin.open().await?),
            None => None,
        };
        Ok(Self {
            router,
            settings: settings.clone(),
            telemetry,
            admin,
        })
    }

    /// Where metrics and health are.
    pub(crate) fn address(&self) -> &Listen {
        &self.telemetry.address
    }

    /// Where `/debug` is beside, or in place of, [`Self::address`].
    pub(crate) fn admin_address(&self) -> Option<&Listen> {
        self.admin.as_ref().map(|admin| &admin.address)
    }

    /// The TCP addresses that are configured.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let listens = [Some(&self.telemetry), self.admin.as_ref()]
            .into_iter()
            .flatten();
        listens
            .filter_map(|held| {
                if let Listen::Tcp(address) = held.listen {
                    Some(address)
                } else {
                    None
                }
            })
            .collect()
    }

    /// As it is configured.
    pub(crate) fn settings(&self) -> &TelemetrySettings {
        &self.settings
    }

    /// Serves as `settings` say from now on; token and certificate files are read again. If that
    /// cannot be, all stays as it is. Listeners whose address does not change are not bound again.
    pub(crate) async fn change_to(
        &mut self,
        settings: &TelemetrySettings,
    ) -> Result<(), ServerError> {
        let (telemetry, admin) = wanted(settings, &self.router)?;
        let leaves_telemetry = self.telemetry.listen != telemetry.listen;
        let leaves_admin = self
            .admin
            .as_ref()
            .is_some_and(|held| Some(&held.listen) != admin.as_ref().map(|new| &new.listen));
        let moves_admin = admin.as_ref().filter(|new| {
            self.admin
                .as_ref()
                .is_none_or(|held| held.listen != new.listen)
        });
        let new: Vec<_> = leaves_telemetry
            .then_some(&telemetry)
            .into_iter()
            .chain(moves_admin)
            .collect();
        if leaves_telemetry {
            give_way(&mut self.telemetry, &new).await;
        }
        if let Some(held) = self.admin.as_mut().filter(|_| leaves_admin) {
            give_way(held, &new).await;
        }
        let mut opened = Vec::new();
        for wanted in new {
            match wanted.open().await {
                Ok(listener) => opened.push((wanted.role, listener)),
                Err(error) => {
                    drop_all(opened).await;
                    self.open_again().await;
                    return Err(error);
                }
            }
        }
        if leaves_admin && let Some(mut held) = self.admin.take() {
            held.close().await;
        }
        for (role, listener) in opened {
            match role {
                Role::Telemetry => {
                    self.telemetry.close().await;
                    self.telemetry = listener;
                }
                Role::Admin => self.admin = Some(listener),
            }
        }
        self.telemetry.serve(telemetry.site);
        if let (Some(held), Some(new)) = (&self.admin, admin) {
            held.serve(new.site);
        }
        self.settings = settings.clone();
        Ok(())
    }

    /// Takes the addresses again that were given up for others.
    async fn open_again(&mut self) {
        let held = [
            (Role::Telemetry, Some(&mut self.telemetry)),
            (Role::Admin, self.admin.as_mut()),
        ];
        for (role, listener) in held
            .into_iter()
            .filter_map(|(role, listener)| Some((role, listener?)))
        {
            if !listener.is_closed() {
                continue;
            }
            let wanted = Wanted {
                role,
                listen: listener.listen.clone(),
                site: listener.site(),
            };
            match wanted.open().await {
                Ok(again) => *listener = again,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the agent's own pages are gone"
                    )
                }
            }
        }
    }
}

/// The listeners that settings describe. Reads the files of the admin listener.
fn wanted(
    settings: &TelemetrySettings,
    router: &Router,
) -> Result<(Wanted, Option<Wanted>), AccessError> {
    let telemetry = Wanted {
        role: Role::Telemetry,
        listen: Listen::Tcp(settings.listen),
        site: Site::of_telemetry(settings, router),
    };
    let Some(admin) = &settings.admin else {
        return Ok((telemetry, None));
    };
    let site = Site::of_admin(admin, router)?;
    Ok((
        telemetry,
        Some(Wanted {
            role: Role::Admin,
            listen: admin.listen.clone(),
            site,
        }),
    ))
}

/// Closes a listener that is not wanted any more where a new one cannot be bound beside it.
async fn give_way(held: &mut Listener, new: &[&Wanted]) {
    if new
        .iter()
        .any(|wanted| wanted.listen.excludes(&held.listen))
    {
        held.close().await;
    }
}

async fn drop_all(opened: Vec<(Role, Listener)>) {
    for (_, mut listener) in opened {
        listener.close().await;
    }
}

impl Wanted {
    async fn open(&self) -> Result<Listener, ServerError> {
        let (what, key) = match self.role {
            Role::Telemetry => ("telemetry", "service.telemetry.listen"),
            Role::Admin => ("administration", "service.telemetry.admin.listen"),
        };
        let opened = Listener::open(self.listen.clone(), self.site.clone()).await;
        opened.map_err(|source| ServerError::Unbound {
            listen: self.listen.clone(),
            what,
            key,
            source,
        })
    }
}
