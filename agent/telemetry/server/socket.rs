//! Listening sockets: TCP or unix.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::stat::{Mode, fchmod};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixSocket, UnixStream};
use tokio::time::timeout;

use crate::config::Listen;

/// The mode of a unix socket: its owner and its group may connect.
const MODE: u32 = 0o660;
/// Connections that the kernel queues.
const BACKLOG: u32 = 128;
/// Time to wait for an answer from an existing socket file.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// A listening socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection.
pub(super) enum Stream {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// Why a socket cannot be bound.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}; another process has it: set another address")]
    Taken(io::Error),
    #[error(
        "the directory {} does not exist; create it (systemd: RuntimeDirectory=)",
        .0.display()
    )]
    NoDirectory(PathBuf),
    #[error("it exists and is not a socket")]
    NotASocket,
    #[error("another process listens on it")]
    InUse,
}

impl Socket {
    /// Binds the address. A stale socket file is replaced. The new file is removed when the
    /// returned [`SocketFile`] is dropped.
    pub(super) async fn bind(listen: &Listen) -> Result<(Self, Option<SocketFile>), BindError> {
        match listen {
            Listen::Tcp(address) => match TcpListener::bind(address).await {
                Ok(listener) => Ok((Self::Tcp(listener), None)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    Err(BindError::Taken(error))
                }
                Err(error) => Err(error.into()),
            },
            Listen::Unix(path) => {
                remove_stale_file(path).await?;
                let (listener, file) = bind_unix(path)?;
                Ok((Self::Unix(listener), Some(file)))
            }
        }
    }

    /// The bound address of a TCP socket.
    pub(super) fn tcp_address(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Some),
            Self::Unix(_) => Ok(None),
        }
    }

    /// Accepts a connection.
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener
                .accept()
                .await
                .map(|(stream, peer)| Stream::Tcp(stream, peer)),
            Self::Unix(listener) => listener
                .accept()
                .await
                .map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}

/// Removes a socket file without a listening process.
async fn remove_stale_file(path: &Path) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(BindError::NotASocket),
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    match timeout(PROBE_TIMEOUT, UnixStream::connect(path)).await {
        // Any other error, such as a full backlog or a lack of permission, means that a process
        // listens.
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::debug!(socket = %path.display(), "replacing a stale socket file");
            Ok(fs::remove_file(path)?)
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(BindError::InUse),
    }
}

fn bind_unix(path: &Path) -> Result<(UnixListener, SocketFile), BindError> {
    let socket = UnixSocket::new_stream()?;
    // Linux creates the file with the mode of the socket, so that no one else can connect at any
    // time. The umask may remove bits, which are added below.
    fchmod(&socket, Mode::from_bits_truncate(MODE)).map_err(io::Error::from)?;
    socket
        .bind(path)
        .map_err(|error| match (error.kind(), path.parent()) {
            (io::ErrorKind::NotFound, Some(parent)) => BindError::NoDirectory(parent.to_owned()),
            _ => BindError::Io(error),
        })?;
    let file = SocketFile::at(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    Ok((socket.listen(BACKLOG)?, file))
}

/// The file of a bound unix socket; dropping this removes it.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode, to recognize a file by which another process replaced it.
    identity: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: identity(path)?,
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|there| there == self.identity) {
            // The next start replaces a file that stays behind.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;

    use super::{BindError, Socket};
    use crate::config::Listen;

    #[tokio::test]
    async fn a_socket_file_has_its_mode_and_is_removed_with_its_socket() {
        let directory = tempfile::tempdir().unwrap();
        let listen = Listen::Unix(directory.path().join("admin.sock"));
        let Listen::Unix(path) = &listen else {
            unreachable!()
        };
        let (_socket, file) = Socket::bind(&listen).await.unwrap();
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o7777,
            0o660
        );
        assert!(matches!(Socket::bind(&listen).await, Err(BindError::InUse)));
        drop(file);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_socket_file_is_replaced_and_a_regular_file_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.sock");
        let listen = Listen::Unix(path.clone());
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (_socket, file) = Socket::bind(&listen).await.unwrap();
        // The file of another process that took the path stays.
        fs::remove_file(&path).unwrap();
        let successor = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists());
        drop(successor);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        assert!(matches!(
            Socket::bind(&listen).await,
            Err(BindError::NotASocket)
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let listen = Listen::Unix(directory.path().join("none/admin.sock"));
        let error = Socket::bind(&listen).await.unwrap_err().to_string();
        let expected = format!(
            "the directory {} does not exist; create it",
            directory.path().join("none").display()
        );
        assert!(error.starts_with(&expected), "{error}");
    }
}
