//! Where addresses are, from the operator's own file in the MaxMind DB format (GeoLite2-City, GeoIP2-City and
//! those of the same layout). The file is read into memory at the start: a look-up never waits for the disk.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use trunkline_core::base::{Country, Locality};
use trunkline_engine::ports::Atlas;

/// The countries whose subdivisions are the states and provinces of area codes.
const COUNTRIES: [&str; 2] = ["US", "CA"];

/// A city database in memory.
pub(crate) struct CityFile(Reader<Vec<u8>>);

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CityFileError {
    #[error("{} cannot be read: {source}; write the path of a city database such as GeoLite2-City.mmdb", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is no database in the MaxMind DB format ({source}); write the path of a file such as GeoLite2-City.mmdb, unpacked", path.display())]
    OtherFormat {
        path: PathBuf,
        source: MaxMindDbError,
    },
}

/// What is read of a record; the rest is skipped.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    country: Coded<'a>,
    #[serde(borrow, default)]
    subdivisions: Vec<Coded<'a>>,
    #[serde(borrow, default)]
    city: Named<'a>,
}

#[derive(Deserialize, Default)]
struct Coded<'a> {
    iso_code: Option<&'a str>,
}

#[derive(Deserialize, Default)]
struct Named<'a> {
    #[serde(borrow, default)]
    names: Names<'a>,
}

#[derive(Deserialize, Default)]
struct Names<'a> {
    /// The names of area codes are English too.
    en: Option<&'a str>,
}

impl CityFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or has another format.
    pub(crate) fn open(path: &Path) -> Result<Self, CityFileError> {
        let bytes = std::fs::read(path).map_err(|source| CityFileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let reader = Reader::from_source(bytes).map_err(|source| CityFileError::OtherFormat {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self(reader))
    }

    /// What the file calls itself, such as `GeoLite2-City`.
    pub(crate) fn kind(&self) -> &str {
        &self.0.metadata().database_type
    }

    /// Whether its kind says that it knows states and places; those of countries or networks do not.
    pub(crate) fn knows_places(&self) -> bool {
        ["City", "Enterprise", "Insights"]
            .iter()
            .any(|word| self.kind().contains(word))
    }
}

impl Atlas for CityFile {
    fn locate(&self, address: IpAddr) -> Option<Locality> {
        // A record that cannot be read tells nothing; a visitor is worth more than its place.
        let entry: Entry<'_> = self.0.lookup(address).ok()?.decode().ok()??;
        let country = entry.country.iso_code?;
        if !COUNTRIES.contains(&country) {
            // Territories and islands within the North American plan: a caller's number from there is no number from
            // another country than theirs, so nothing is better than a country.
            let abroad: Country = country.parse().ok()?;
            let home: Country = "US".parse().ok()?;
            return (!abroad.shares_calling_code(home)).then(|| Locality::abroad(abroad));
        }
        let state = entry.subdivisions.first()?.iso_code?;
        Locality::new(state, entry.city.names.en.unwrap_or_default())
    }
}
