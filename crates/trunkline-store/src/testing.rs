//! Databases for tests: a fresh SQLite file, or a fresh database on a PostgreSQL server this module starts itself.
//!
//! The server is started once per test process from the machine's PostgreSQL binaries (`PATH`, else the newest
//! `/usr/lib/postgresql/*/bin`), listens on a Unix socket in a temporary folder and on no port, and ends with the process:
//! a small shell holds the other end of a pipe and stops it when the pipe closes, however the test process ends. As root
//! it runs as the user `postgres` or `nobody`, because PostgreSQL refuses root. Nothing here ever skips: without
//! PostgreSQL a test fails and says what to install.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long the server may take to answer its first connection.
const START_MS_MAX: u64 = 60_000;
/// Pause between two attempts to connect to the starting server.
const ATTEMPT_EVERY: Duration = Duration::from_millis(20);

/// An empty database that belongs to one test.
#[derive(Debug)]
pub struct TestDatabase {
    /// What `Location::parse` and the setting `database.url` understand.
    pub url: String,
    folder: Option<PathBuf>,
}

impl TestDatabase {
    /// A SQLite file in a temporary folder, removed when this is dropped.
    ///
    /// # Panics
    /// When the temporary folder cannot be written.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = temporary_folder("sqlite");
        TestDatabase {
            url: folder.join("trunkline.db").to_string_lossy().into_owned(),
            folder: Some(folder),
        }
    }

    /// A database of its own on the shared PostgreSQL server.
    ///
    /// # Panics
    /// When PostgreSQL cannot be started.
    pub async fn postgres() -> Self {
        let server = SERVER.get_or_init(Server::start);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = server.connect().await;
        let created = admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await;
        created.expect("create a database for the test");
        TestDatabase {
            url: server.url(&name),
            folder: None,
        }
    }

    /// A database that exists already, for a second process; it is left as it is when this is dropped.
    #[must_use]
    pub fn at(url: String) -> Self {
        TestDatabase { url, folder: None }
    }

    /// One of each engine.
    pub async fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres().await]
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What is left in the temporary folder does no harm.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

static SERVER: OnceLock<Server> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

struct Server {
    folder: PathBuf,
    /// Its standard input is the pipe whose end stops the server.
    _keeper: Child,
}

/// `$1` is the server program, `$2` the folder. Durability is the business of PostgreSQL's own tests.
const KEEP: &str = r#"
"$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=300 \
     -c shared_buffers=64MB >"$2/log" 2>&1 &
read -r _
kill -QUIT $!
wait
rm -rf "$2"
"#;

impl Server {
    fn start() -> Self {
        let programs = programs();
        let folder = temporary_folder("postgres");
        let user = server_user(&folder);
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).expect("give the folder to the server's user");
        }
        let as_user = |program: &Path| {
            let mut command = Command::new(program);
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
                .current_dir(&folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            command
        };
        let data = folder.join("data");
        let template = template();
        if !copied(&template, &data) {
            let made = as_user(&programs.join("initdb"))
                .arg("--pgdata")
                .arg(&data)
                .args([
                    "--username=trunkline",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--no-locale",
                    "--no-sync",
                ])
                .arg("--wal-segsize=1")
                .status();
            assert!(
                made.is_ok_and(|status| status.success()),
                "initdb failed in {}",
                folder.display()
            );
            keep_template(&data, &template);
        }
        let keeper = as_user(Path::new("/bin/sh"))
            .args(["-c", KEEP, "keep-postgres"])
            .arg(programs.join("postgres"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("start the server");
        Server {
            folder,
            _keeper: keeper,
        }
    }

    fn url(&self, database: &str) -> String {
        let socket = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://trunkline@{socket}/{database}")
    }

    async fn connect(&self) -> tokio_postgres::Client {
        let give_up = Instant::now() + Duration::from_millis(START_MS_MAX);
        loop {
            match tokio_postgres::connect(&self.url("postgres"), tokio_postgres::NoTls).await {
                Ok((client, driver)) => {
                    tokio::spawn(driver);
                    return client;
                }
                Err(error) if Instant::now() > give_up => {
                    let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                    panic!("PostgreSQL did not start: {error}\n{log}");
                }
                Err(_) => tokio::time::sleep(ATTEMPT_EVERY).await,
            }
        }
    }
}

/// Where a fresh data folder is kept beside the test programs: making one costs a second, copying it a tenth.
fn template() -> PathBuf {
    let program = std::env::current_exe().expect("the path of the test program");
    program.with_file_name("postgres-template")
}

/// Copies with owner and rights; false when there is nothing to copy.
fn copied(from: &Path, to: &Path) -> bool {
    let copy = || {
        Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(to)
            .stderr(Stdio::null())
            .status()
    };
    from.exists() && copy().is_ok_and(|status| status.success())
}

/// Keeps a data folder as the template. Several processes may try; one of them wins.
fn keep_template(data: &Path, template: &Path) {
    let attempt = template.with_extension(std::process::id().to_string());
    if copied(data, &attempt) && fs::rename(&attempt, template).is_err() {
        let _ = fs::remove_dir_all(&attempt);
    }
}

/// The folder of `initdb` and `postgres`.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    let mut packaged: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .flatten()
                .map(|version| version.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    packaged.sort();
    packaged.reverse();
    let whole =
        |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let found = on_path.chain(packaged).find(whole);
    found.expect("PostgreSQL is not installed: on Debian, `apt-get install postgresql-15`")
}

/// The user to run as when this process is root, as user and group id.
fn server_user(folder: &Path) -> Option<(u32, u32)> {
    let owner = fs::metadata(folder)
        .expect("look at the temporary folder")
        .uid();
    if owner != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("read the list of users");
    let find = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let user = find("postgres").or_else(|| find("nobody"));
    Some(user.expect("a user `postgres` or `nobody` to run the server as"))
}

fn temporary_folder(what: &str) -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        std::env::temp_dir().join(format!("trunkline-{what}-{}-{number}", std::process::id()));
    // Left behind by a killed process that had the same number.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).expect("make a temporary folder");
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&folder, open).expect("open the temporary folder");
    folder
}
