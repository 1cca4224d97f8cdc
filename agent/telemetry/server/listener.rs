//! A listener, which serves a bounded number of connections at a time.

use tidegate_exporters::http::{ConnectionLimit, back_off_after_accept_error};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection;
use super::site::Site;
use super::socket::{BindError, Socket, SocketFile};
use crate::config::Listen;

/// A bound listener. It serves until it is closed or dropped.
#[derive(Debug)]
pub(super) struct Listener {
    /// The configured address.
    pub(super) listen: Listen,
    /// The bound address.
    pub(super) address: Listen,
    site: watch::Sender<Site>,
    task: JoinHandle<()>,
    file: Option<SocketFile>,
}

impl Listener {
    /// Binds the address and starts serving.
    pub(super) async fn open(listen: Listen, site: Site) -> Result<Self, BindError> {
        let (socket, file) = Socket::bind(&listen).await?;
        let address = socket
            .tcp_address()?
            .map_or_else(|| listen.clone(), Listen::Tcp);
        let (site, sites) = watch::channel(site);
        let task = tokio::spawn(accept(socket, sites));
        Ok(Self {
            listen,
            address,
            site,
            task,
            file,
        })
    }

    /// Changes the site for new connections. If the rules for access differ, open connections end,
    /// since the new rules may not allow them.
    pub(super) fn serve(&self, site: Site) {
        if !self.site.borrow().is_same(&site) {
            // The receiver is in the task, which lives as long as this.
            self.site.send_replace(site);
        }
    }

    /// The current site.
    pub(super) fn site(&self) -> Site {
        self.site.borrow().clone()
    }

    /// Closes the socket, and removes the file of a unix socket.
    pub(super) async fn close(&mut self) {
        self.task.abort();
        if !self.task.is_finished() {
            // The error is the abort.
            let _ = (&mut self.task).await;
        }
        self.file = None;
    }

    /// Whether it is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(socket: Socket, mut sites: watch::Receiver<Site>) {
    let limit = ConnectionLimit::default();
    loop {
        let permit = limit.acquire().await;
        match socket.accept().await {
            Ok(stream) => {
                let site = sites.borrow_and_update().clone();
                let sites = sites.clone();
                tokio::spawn(async move {
                    connection::serve(stream, site, sites).await;
                    drop(permit);
                });
            }
            Err(error) => back_off_after_accept_error(&error).await,
        }
    }
}
