//! Kamailio as a carrier: it challenges, registers, and calls the Contact that was registered.

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};

/// The one user it knows.
pub(crate) const USER: &str = "acme";
pub(crate) const PASSWORD: &str = "correct horse";

/// A running Kamailio; it is ended when this is dropped.
pub(crate) struct Kamailio {
    child: Child,
    pub(crate) addr: SocketAddr,
    folder: PathBuf,
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // The main process takes its children along.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = id.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Kamailio {
    /// Starts it. `algorithm` is that of its challenges; calls of registered users go to `phone`.
    pub(crate) async fn start(algorithm: &str, phone: SocketAddr) -> Self {
        static NTH: AtomicU32 = AtomicU32::new(0);
        let port = {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
            socket.local_addr().expect("an address").port()
        };
        let nth = NTH.fetch_add(1, Ordering::Relaxed);
        let name = format!("kamailio-{}-{nth}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let settings = SETTINGS
            .replace("ALGORITHM", algorithm)
            .replace("PASSWORD", PASSWORD)
            .replace("PHONE", &phone.to_string())
            .replace("PORT", &port.to_string());
        let file = folder.join("kamailio.cfg");
        std::fs::write(&file, settings).expect("settings written");
        let child = Command::new("kamailio")
            .arg("-f")
            .arg(&file)
            .args(["-DD", "-E", "-m", "32", "-M", "8", "-Y"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("kamailio is installed");
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        let mut kamailio = Self {
            child,
            addr,
            folder,
        };
        kamailio.until_ready().await;
        kamailio
    }

    async fn until_ready(&mut self) {
        let wanted = format!("0100007F:{:04X}", self.addr.port());
        loop {
            let open = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
            if open.contains(&wanted) {
                return;
            }
            let ended = self.child.try_wait().expect("a process");
            assert!(ended.is_none(), "kamailio ended: {ended:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Calls to `acme` (anybody may make them) ring the registered Contact, with the number that was dialled left in To; calls
/// to anything else need the password and ring the phone.
const SETTINGS: &str = r#"
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:PORT
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("auth", "algorithm", "ALGORITHM")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 10)

request_route {
    if (is_method("OPTIONS")) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("CANCEL")) {
        t_relay();
        exit;
    }
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("carrier.test", "PASSWORD", "0")) {
            www_challenge("carrier.test", "1");
            exit;
        }
        save("location");
        exit;
    }
    record_route();
    if ($hdr(X-From-Outside) == "yes") {
        $ru = "sip:acme@127.0.0.1:PORT";
        if (!lookup("location")) {
            sl_send_reply("480", "Not Registered");
            exit;
        }
        t_relay();
        exit;
    }
    if (!pv_proxy_authenticate("carrier.test", "PASSWORD", "0")) {
        proxy_challenge("carrier.test", "1");
        exit;
    }
    consume_credentials();
    $du = "sip:PHONE";
    t_relay();
}
"#;
