//! Whose certificates are believed. The provider is the one that is installed at the start.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The system's.
pub(super) fn system() -> Arc<ClientConfig> {
    only(&roots())
}

/// The roots that the system believes; without any, nobody can be reached over TLS, and the log says so.
pub(super) fn roots() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        tracing::warn!(
            "the system has no certificates that others' can be checked with; nobody is reached over TLS"
        );
    }
    found.certs
}

/// These and no others.
pub(super) fn only(roots: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    config(store)
}

fn config(roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder().with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
