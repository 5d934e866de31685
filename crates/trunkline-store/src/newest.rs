//! The newest identifier of the database, so that none is drawn twice when the clock stepped back over a restart.
//!
//! Asked are the tables whose primary key is an id alone: each maximum is one look into its index. Events of calls, touches
//! and page views have their parent in the key, so that one could only meet another of the same call or session.

use trunkline_engine::ports::PortResult;

use crate::{Store, args};

crate::statements! { "newest";
    NEWEST_ID = "SELECT max(newest) AS newest FROM (SELECT max(id) AS newest FROM account \
        UNION ALL SELECT max(id) FROM app_user UNION ALL SELECT max(id) FROM membership \
        UNION ALL SELECT max(id) FROM login UNION ALL SELECT max(id) FROM api_key \
        UNION ALL SELECT max(id) FROM trunk UNION ALL SELECT max(id) FROM site \
        UNION ALL SELECT max(id) FROM swap_target UNION ALL SELECT max(id) FROM pool \
        UNION ALL SELECT max(id) FROM prompt UNION ALL SELECT max(id) FROM call_flow UNION ALL SELECT max(id) FROM tracking_number \
        UNION ALL SELECT max(id) FROM session UNION ALL SELECT max(id) FROM lease \
        UNION ALL SELECT max(id) FROM showing UNION ALL SELECT max(id) FROM tap \
        UNION ALL SELECT max(id) FROM form \
        UNION ALL SELECT max(id) FROM call UNION ALL SELECT max(id) FROM recording \
        UNION ALL SELECT max(id) FROM purchase UNION ALL SELECT max(id) FROM label UNION ALL SELECT max(id) FROM screening_entry \
        UNION ALL SELECT max(id) FROM publisher UNION ALL SELECT max(id) FROM campaign \
        UNION ALL SELECT max(id) FROM feed UNION ALL SELECT max(id) FROM buyer \
        UNION ALL SELECT max(id) FROM destination UNION ALL SELECT max(id) FROM contract \
        UNION ALL SELECT max(id) FROM item_list \
        UNION ALL SELECT max(id) FROM opportunity UNION ALL SELECT max(id) FROM reservation \
        UNION ALL SELECT max(id) FROM posting UNION ALL SELECT max(id) FROM hold UNION ALL SELECT max(id) FROM outbox_event \
        UNION ALL SELECT max(id) FROM given_bid UNION ALL SELECT max(id) FROM lead \
        UNION ALL SELECT max(id) FROM attribution_model) AS every_table";
}

impl Store {
    /// The newest id that is stored; 0 in an empty database.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_id(&self) -> PortResult<i64> {
        let newest = self.one(NEWEST_ID, args![], |row| row.get::<Option<i64>>("newest"));
        Ok(newest.await?.flatten().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use crate::schema::TABLES;

    #[test]
    fn every_table_whose_key_is_an_id_is_asked() {
        // The one row of the instance has no id that was drawn.
        let drawn = |table: &&crate::db::Table| table.key == ["id"] && table.name != "instance";
        for table in TABLES.iter().filter(drawn) {
            let asked = format!("FROM {} ", table.name);
            let last = format!("FROM {})", table.name);
            let sql = super::NEWEST_ID.sql;
            assert!(
                sql.contains(&asked) || sql.contains(&last),
                "{}",
                table.name
            );
        }
    }
}
