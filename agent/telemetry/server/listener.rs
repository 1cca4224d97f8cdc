//! A listener: accepts connections, a bounded number at a time.

use tidegate_exporters::http::{ConnectionLimit, back_off_after_accept_error};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection;
use super::site::Site;
use super::socket::{BindError, Socket, SocketFile};
use crate::config::Listen;

/// A bound listener, which answers until it is closed or dropped.
#[derive(Debug)]
pub(super) struct Listener {
    /// As it is configured.
    pub(super) listen: Listen,
    /// As it is bound.
    pub(super) address: Listen,
    site: watch::Sender<Site>,
    task: JoinHandle<()>,
    file: Option<SocketFile>,
}

impl Listener {
    /// Binds, and answers from now on.
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

    /// Serves another site from now on. Connections that began under other rules end, since those
    /// may have been about them.
    pub(super) fn serve(&self, site: Site) {
        if !self.site.borrow().is_like(&site) {
            // The task that receives it lives as long as this.
            self.site.send_replace(site);
        }
    }

    /// What it serves.
    pub(super) fn site(&self) -> Site {
        self.site.borrow().clone()
    }

    /// Gives the address up.
    pub(super) async fn close(&mut self) {
        self.task.abort();
        if !self.task.is_finished() {
            // It was aborted, which is no error.
            let _ = (&mut self.task).await;
        }
        self.file = None;
    }

    /// Whether it has given the address up.
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
