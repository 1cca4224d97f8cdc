//! The listeners of the agent's pages: `service.telemetry.listen` for metrics and health, and for
//! `/debug` if it is a loopback address; `service.telemetry.admin.listen`, if configured, for
//! `/debug`.

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
pub(crate) use site::AccessError;
use site::Site;
use socket::BindError;

/// The listeners. Dropping this closes them and removes the file of a unix socket.
#[derive(Debug)]
pub(crate) struct Server {
    router: Router,
    settings: TelemetrySettings,
    telemetry: Listener,
    admin: Option<Listener>,
}

/// Why the pages cannot be served with these settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("cannot listen on {listen} for {what} (`{key}`)")]
    Bind {
        listen: Listen,
        what: &'static str,
        key: &'static str,
        source: BindError,
    },
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// The purpose of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Telemetry,
    Admin,
}

/// A listener that settings describe.
struct ListenerSpec {
    role: Role,
    listen: Listen,
    site: Site,
}

impl Server {
    /// Binds the configured listeners and starts serving.
    pub(super) async fn start(
        settings: &TelemetrySettings,
        router: Router,
    ) -> Result<Self, ServerError> {
        let (telemetry, admin) = specs(settings, &router)?;
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

    /// The bound address of the telemetry listener.
    pub(crate) fn address(&self) -> &Listen {
        &self.telemetry.address
    }

    /// The bound address of the admin listener.
    pub(crate) fn admin_address(&self) -> Option<&Listen> {
        self.admin.as_ref().map(|admin| &admin.address)
    }

    /// The configured TCP addresses.
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

    /// The current settings.
    pub(crate) fn settings(&self) -> &TelemetrySettings {
        &self.settings
    }

    /// Whether it uses token or certificate files.
    pub(crate) fn has_files(&self) -> bool {
        let admin = self.settings.admin.as_ref();
        admin.is_some_and(|admin| admin.token_file.is_some() || admin.tls.is_some())
    }

    /// Reads token and certificate files again. On an error, everything stays as it was.
    pub(crate) fn refresh(&self) -> Result<(), AccessError> {
        if let (Some(held), Some(admin)) = (&self.admin, &self.settings.admin) {
            held.serve(Site::of_admin(admin, &self.router)?);
        }
        Ok(())
    }

    /// Applies new settings, and reads token and certificate files again. On an error, everything
    /// stays as it was. A listener whose address does not change keeps its socket.
    pub(crate) async fn change_to(
        &mut self,
        settings: &TelemetrySettings,
    ) -> Result<(), ServerError> {
        let (telemetry, admin) = specs(settings, &self.router)?;
        self.move_listeners(&telemetry, admin.as_ref()).await?;
        self.telemetry.serve(telemetry.site);
        if let (Some(held), Some(new)) = (&self.admin, admin) {
            held.serve(new.site);
        }
        self.settings = settings.clone();
        Ok(())
    }

    /// Opens the listeners whose addresses are new, and closes those that are no longer configured.
    async fn move_listeners(
        &mut self,
        telemetry: &ListenerSpec,
        admin: Option<&ListenerSpec>,
    ) -> Result<(), ServerError> {
        let moves_telemetry = self.telemetry.listen != telemetry.listen;
        let held_admin = self.admin.as_ref().map(|held| &held.listen);
        let new_admin = admin.filter(|new| held_admin != Some(&new.listen));
        let closes_admin =
            held_admin.is_some() && held_admin != admin.as_ref().map(|new| &new.listen);
        let new: Vec<_> = moves_telemetry
            .then_some(telemetry)
            .into_iter()
            .chain(new_admin)
            .collect();
        if moves_telemetry {
            close_if_in_conflict(&mut self.telemetry, &new).await;
        }
        if let Some(held) = self.admin.as_mut().filter(|_| closes_admin) {
            close_if_in_conflict(held, &new).await;
        }
        let opened = match open_all(&new).await {
            Ok(opened) => opened,
            Err(error) => {
                self.reopen().await;
                return Err(error);
            }
        };
        if closes_admin && let Some(mut held) = self.admin.take() {
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
        Ok(())
    }

    /// Binds the listeners again that were closed for new ones.
    async fn reopen(&mut self) {
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
            let spec = ListenerSpec {
                role,
                listen: listener.listen.clone(),
                site: listener.site(),
            };
            match spec.open().await {
                Ok(reopened) => *listener = reopened,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot restore a listener of the telemetry pages"
                    )
                }
            }
        }
    }
}

/// The listeners that settings describe. Reads the files of the admin listener.
fn specs(
    settings: &TelemetrySettings,
    router: &Router,
) -> Result<(ListenerSpec, Option<ListenerSpec>), AccessError> {
    let telemetry = ListenerSpec {
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
        Some(ListenerSpec {
            role: Role::Admin,
            listen: admin.listen.clone(),
            site,
        }),
    ))
}

/// Closes a listener if a new one cannot be bound while it is open.
async fn close_if_in_conflict(held: &mut Listener, new: &[&ListenerSpec]) {
    if new
        .iter()
        .any(|spec| spec.listen.conflicts_with(&held.listen))
    {
        held.close().await;
    }
}

/// Opens all listeners, or none.
async fn open_all(specs: &[&ListenerSpec]) -> Result<Vec<(Role, Listener)>, ServerError> {
    let mut opened = Vec::new();
    for spec in specs {
        match spec.open().await {
            Ok(listener) => opened.push((spec.role, listener)),
            Err(error) => {
                for (_, mut listener) in opened {
                    listener.close().await;
                }
                return Err(error);
            }
        }
    }
    Ok(opened)
}

impl ListenerSpec {
    async fn open(&self) -> Result<Listener, ServerError> {
        let (what, key) = match self.role {
            Role::Telemetry => ("telemetry", "service.telemetry.listen"),
            Role::Admin => ("administration", "service.telemetry.admin.listen"),
        };
        let opened = Listener::open(self.listen.clone(), self.site.clone()).await;
        opened.map_err(|source| ServerError::Bind {
            listen: self.listen.clone(),
            what,
            key,
            source,
        })
    }
}
