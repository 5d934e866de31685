//! Users, memberships, logins and API keys. Whatever takes an owner away holds the account's row meanwhile, so that two
//! owners who remove each other at the same time do not both succeed.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, ApiKeyId, LoginId, MembershipId, UserId};
use trunkline_engine::ports::access::{
    Access, ApiKey, Login, Member, Membership, NewPassword, User,
};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::{from_json, json, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Transaction, Val};
use crate::{Store, args};

/// Why a membership stays.
const ONE_OWNER: &str =
    "an account always keeps an owner; make somebody else an owner first (`trunkline user add`)";

crate::statements! { "access";
    HAS_USERS = "SELECT 1 AS found FROM app_user LIMIT 1";
    PUT_USER = "INSERT INTO app_user (id, email, name, operator, password_hash, password_once, totp_sealed, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name, \
        operator = excluded.operator, password_hash = excluded.password_hash, password_once = excluded.password_once, \
        totp_sealed = excluded.totp_sealed";
    /// What else was changed of the user while the password was worked out stays, and so does another password.
    CHANGE_PASSWORD = "UPDATE app_user SET password_hash = $3, password_once = $4 WHERE id = $1 AND password_hash = $2";
    MAKE_OPERATOR = "UPDATE app_user SET operator = 1 WHERE id = $1";
    USER_BY_EMAIL = "SELECT id, email, name, operator, password_hash, password_once, totp_sealed, created_at FROM app_user \
        WHERE email = $1";
    USER = "SELECT id, email, name, operator, password_hash, password_once, totp_sealed, created_at FROM app_user \
        WHERE id = $1";
    /// Whoever may change who the owners of an account are takes its row first.
    HOLD_ACCOUNT = "SELECT id FROM account WHERE id = $1 /*pg: FOR UPDATE*/";
    HOLD_ACCOUNTS_OF = "SELECT id FROM account WHERE id IN (SELECT account FROM membership WHERE app_user = $1) \
        ORDER BY id /*pg: FOR UPDATE*/";
    /// Another role for the only owner changes nothing.
    PUT_MEMBERSHIP = "INSERT INTO membership (id, app_user, account, role, created_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (id) DO UPDATE SET role = excluded.role WHERE excluded.role = 'owner' OR membership.role <> 'owner' \
        OR EXISTS (SELECT 1 FROM membership AS other WHERE other.account = membership.account AND other.role = 'owner' \
        AND other.id <> membership.id)";
    MEMBERSHIPS = "SELECT id, app_user, account, role FROM membership WHERE app_user = $1 ORDER BY id";
    MEMBERS = "SELECT membership.id, membership.app_user, membership.account, membership.role, app_user.email, \
        app_user.name, app_user.operator FROM membership JOIN app_user ON app_user.id = membership.app_user \
        WHERE membership.account = $1 ORDER BY membership.id LIMIT $2";
    MEMBER = "SELECT membership.id, membership.app_user, membership.account, membership.role, app_user.email, \
        app_user.name, app_user.operator FROM membership JOIN app_user ON app_user.id = membership.app_user \
        WHERE membership.account = $1 AND membership.id = $2";
    DELETE_MEMBERSHIP = "DELETE FROM membership WHERE id = $1 AND account = $2 AND (role <> 'owner' OR EXISTS \
        (SELECT 1 FROM membership AS other WHERE other.account = $2 AND other.role = 'owner' AND other.id <> $1))";
    DELETE_LOGINS_IN = "DELETE FROM login WHERE account = $2 AND app_user IN \
        (SELECT app_user FROM membership WHERE id = $1 AND account = $2)";
    /// Of nobody who runs the server: it would have no operator left, or one fewer than its other operators know of.
    DELETE_USER_WITHOUT_PLACE = "DELETE FROM app_user WHERE id = $1 AND operator = 0 \
        AND NOT EXISTS (SELECT 1 FROM membership WHERE app_user = $1)";
    DELETE_LOGINS_WITHOUT_PLACE = "DELETE FROM login WHERE app_user = $1 \
        AND NOT EXISTS (SELECT 1 FROM membership WHERE app_user = $1)";
    /// Accounts that would be left without an owner.
    ONLY_OWNER_OF = "SELECT account FROM membership WHERE app_user = $1 AND role = 'owner' AND NOT EXISTS \
        (SELECT 1 FROM membership AS other WHERE other.account = membership.account AND other.role = 'owner' \
        AND other.app_user <> $1)";
    DELETE_LOGINS_OF = "DELETE FROM login WHERE app_user = $1";
    DELETE_MEMBERSHIPS_OF = "DELETE FROM membership WHERE app_user = $1";
    DELETE_USER = "DELETE FROM app_user WHERE id = $1";
    ADD_LOGIN = "INSERT INTO login (id, token_hash, app_user, account, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// One column of a row that is there: a login that ended meanwhile stays ended.
    SWITCH_LOGIN = "UPDATE login SET account = $2 WHERE id = $1";
    LOGIN = "SELECT id, token_hash, app_user, account, created_at, expires_at FROM login WHERE token_hash = $1";
    DELETE_LOGIN = "DELETE FROM login WHERE id = $1";
    DELETE_OTHER_LOGINS = "DELETE FROM login WHERE app_user = $1 AND id <> $2";
    ADD_API_KEY = "INSERT INTO api_key (id, account, name, prefix, key_hash, scopes, created_at, last_used_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// One column of a row that is there: a key that was removed meanwhile stays removed.
    API_KEY_USED = "UPDATE api_key SET last_used_at = $2 WHERE id = $1";
    API_KEY = "SELECT id, account, name, prefix, key_hash, scopes, created_at, last_used_at FROM api_key \
        WHERE key_hash = $1";
    API_KEYS = "SELECT id, account, name, prefix, key_hash, scopes, created_at, last_used_at FROM api_key \
        WHERE account = $1 ORDER BY id";
    DELETE_API_KEY = "DELETE FROM api_key WHERE account = $1 AND id = $2";
}

impl Store {
    fn totp_place(user: UserId) -> String {
        format!("app_user/{}/totp", user.raw())
    }

    fn user_values(&self, user: &User) -> Result<Vec<Val>, DbError> {
        let seal = |secret: &String| {
            self.sealer
                .seal(&Self::totp_place(user.id), secret.as_bytes())
        };
        let totp = user.totp_secret.as_ref().map(seal).transpose()?;
        Ok(args![
            user.id,
            &user.email,
            &user.name,
            user.operator,
            &user.password_hash,
            user.password_once,
            totp,
            user.created_at
        ])
    }

    /// Runs a change of who belongs to what. What stops it half-way is that an account would lose its only owner, or that
    /// somebody was quicker.
    async fn unless_last_owner(&self, whole: Transaction) -> PortResult<()> {
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => Err(PortError::Conflict(ONE_OWNER.to_owned())),
        }
    }

    fn read_user(&self, row: &Row) -> Result<User, DbError> {
        let id = row.get("id")?;
        let open = |sealed: Vec<u8>| {
            let secret = self.sealer.open(&Self::totp_place(id), &sealed)?;
            String::from_utf8(secret).map_err(|error| DbError::other("read a TOTP secret", error))
        };
        Ok(User {
            id,
            email: row.get("email")?,
            name: row.get("name")?,
            password_hash: row.get("password_hash")?,
            password_once: row.get("password_once")?,
            totp_secret: row
                .get::<Option<Vec<u8>>>("totp_sealed")?
                .map(open)
                .transpose()?,
            operator: row.get("operator")?,
            created_at: row.get("created_at")?,
        })
    }
}

#[async_trait]
impl Access for Store {
    async fn has_users(&self) -> PortResult<bool> {
        let found = self.db.read_opt(HAS_USERS, args![]).await;
        Ok(found.map_err(port_error)?.is_some())
    }

    async fn put_user(&self, user: &User) -> PortResult<()> {
        let values = self.user_values(user).map_err(port_error)?;
        self.put(PUT_USER, values).await
    }

    async fn change_password(
        &self,
        id: UserId,
        before: &str,
        password: &NewPassword,
    ) -> PortResult<bool> {
        let values = args![id, before, &password.hash, password.once];
        let changed = self.change(CHANGE_PASSWORD, values, Expect::Any);
        Ok(changed.await? > 0)
    }

    async fn make_operator(&self, id: UserId) -> PortResult<()> {
        self.change(MAKE_OPERATOR, args![id], Expect::Any)
            .await
            .map(drop)
    }

    async fn user_by_email(&self, email: &str) -> PortResult<Option<User>> {
        self.one_urgent(USER_BY_EMAIL, args![email], |row| self.read_user(row))
            .await
    }

    async fn user(&self, id: UserId) -> PortResult<Option<User>> {
        self.one_urgent(USER, args![id], |row| self.read_user(row))
            .await
    }

    async fn put_membership(&self, membership: &Membership) -> PortResult<()> {
        let Membership {
            id,
            user,
            account,
            role,
        } = *membership;
        let values = args![id, user, account, role, id.drawn_at()];
        // An account that is not there is refused by the statement that refers to it.
        let whole = Transaction::new()
            .step(HOLD_ACCOUNT, args![account], Expect::Any)
            .step(PUT_MEMBERSHIP, values, Expect::Rows(1));
        self.unless_last_owner(whole).await
    }

    async fn members(&self, account: AccountId, limit: u32) -> PortResult<Vec<Member>> {
        self.many(MEMBERS, args![account, limit], member).await
    }

    async fn member(&self, account: AccountId, id: MembershipId) -> PortResult<Option<Member>> {
        self.one(MEMBER, args![account, id], member).await
    }

    async fn delete_membership(&self, membership: &Membership) -> PortResult<()> {
        let Membership {
            id, user, account, ..
        } = *membership;
        let whole = Transaction::new()
            .step(HOLD_ACCOUNT, args![account], Expect::Any)
            .step(DELETE_LOGINS_IN, args![id, account], Expect::Any)
            .step(DELETE_MEMBERSHIP, args![id, account], Expect::Rows(1))
            .step(DELETE_LOGINS_WITHOUT_PLACE, args![user], Expect::Any)
            .step(DELETE_USER_WITHOUT_PLACE, args![user], Expect::Any);
        self.unless_last_owner(whole).await
    }

    async fn delete_user(&self, user: UserId) -> PortResult<()> {
        let whole = Transaction::new()
            .step(HOLD_ACCOUNTS_OF, args![user], Expect::Any)
            .step(ONLY_OWNER_OF, args![user], Expect::Rows(0))
            .step(DELETE_LOGINS_OF, args![user], Expect::Any)
            .step(DELETE_MEMBERSHIPS_OF, args![user], Expect::Any)
            .step(DELETE_USER, args![user], Expect::Any);
        self.unless_last_owner(whole).await
    }

    async fn memberships(&self, user: UserId) -> PortResult<Vec<Membership>> {
        self.many_urgent(MEMBERSHIPS, args![user], membership).await
    }

    async fn add_login(&self, login: &Login) -> PortResult<()> {
        let Login {
            id,
            token_hash,
            user,
            account,
            created_at,
            expires_at,
        } = *login;
        self.put(
            ADD_LOGIN,
            args![id, &token_hash[..], user, account, created_at, expires_at],
        )
        .await
    }

    async fn switch_login(&self, id: LoginId, account: AccountId) -> PortResult<bool> {
        let changed = self.change(SWITCH_LOGIN, args![id, account], Expect::Any);
        Ok(changed.await? > 0)
    }

    async fn login(&self, token_hash: &[u8; 32]) -> PortResult<Option<Login>> {
        self.one_urgent(LOGIN, args![&token_hash[..]], login).await
    }

    async fn delete_login(&self, id: LoginId) -> PortResult<()> {
        self.change(DELETE_LOGIN, args![id], Expect::Any)
            .await
            .map(drop)
    }

    async fn delete_other_logins(&self, user: UserId, keep: LoginId) -> PortResult<()> {
        self.change(DELETE_OTHER_LOGINS, args![user, keep], Expect::Any)
            .await
            .map(drop)
    }

    async fn add_api_key(&self, key: &ApiKey) -> PortResult<()> {
        let scopes = json(&key.scopes).map_err(port_error)?;
        let values = args![
            key.id,
            key.account,
            &key.name,
            &key.prefix,
            &key.key_hash[..],
            scopes,
            key.created_at,
            key.last_used_at
        ];
        self.put(ADD_API_KEY, values).await
    }

    async fn api_key_used(&self, id: ApiKeyId, at: Timestamp) -> PortResult<bool> {
        let changed = self.change(API_KEY_USED, args![id, at], Expect::Any);
        Ok(changed.await? > 0)
    }

    async fn api_key(&self, key_hash: &[u8; 32]) -> PortResult<Option<ApiKey>> {
        self.one_urgent(API_KEY, args![&key_hash[..]], api_key)
            .await
    }

    async fn api_keys(&self, account: AccountId) -> PortResult<Vec<ApiKey>> {
        self.many(API_KEYS, args![account], api_key).await
    }

    async fn delete_api_key(&self, account: AccountId, id: ApiKeyId) -> PortResult<bool> {
        Ok(self
            .change(DELETE_API_KEY, args![account, id], Expect::Any)
            .await?
            > 0)
    }
}

fn member(row: &Row) -> Result<Member, DbError> {
    Ok(Member {
        membership: membership(row)?,
        email: row.get("email")?,
        name: row.get("name")?,
        operator: row.get("operator")?,
    })
}

fn membership(row: &Row) -> Result<Membership, DbError> {
    Ok(Membership {
        id: row.get("id")?,
        user: row.get("app_user")?,
        account: row.get("account")?,
        role: row.get("role")?,
    })
}

fn login(row: &Row) -> Result<Login, DbError> {
    Ok(Login {
        id: row.get("id")?,
        token_hash: hash(row, "token_hash")?,
        user: row.get("app_user")?,
        account: row.get("account")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}

fn api_key(row: &Row) -> Result<ApiKey, DbError> {
    Ok(ApiKey {
        id: row.get("id")?,
        account: row.get("account")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        key_hash: hash(row, "key_hash")?,
        scopes: from_json(row, "scopes")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}

fn hash(row: &Row, column: &'static str) -> Result<[u8; 32], DbError> {
    let bytes = row.get::<Vec<u8>>(column)?;
    bytes
        .try_into()
        .map_err(|_| DbError::other(column, "a hash has 32 bytes"))
}
