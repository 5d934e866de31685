//! Users, memberships, logins and API keys.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, ApiKeyId, LoginId, UserId};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::access::{Access, ApiKey, Login, Membership, User};

use crate::convert::{from_json, json, port_error};
use crate::db::{DbError, Expect, Row, Val};
use crate::{Store, args};

crate::statements! { "access";
    HAS_USERS = "SELECT 1 AS found FROM app_user LIMIT 1";
    PUT_USER = "INSERT INTO app_user (id, email, name, operator, password_hash, totp_sealed, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name, \
        operator = excluded.operator, password_hash = excluded.password_hash, totp_sealed = excluded.totp_sealed";
    USER_BY_EMAIL = "SELECT id, email, name, operator, password_hash, totp_sealed, created_at FROM app_user \
        WHERE email = $1";
    USER = "SELECT id, email, name, operator, password_hash, totp_sealed, created_at FROM app_user WHERE id = $1";
    PUT_MEMBERSHIP = "INSERT INTO membership (id, app_user, account, role, created_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (id) DO UPDATE SET role = excluded.role";
    MEMBERSHIPS = "SELECT id, app_user, account, role FROM membership WHERE app_user = $1 ORDER BY id";
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
            totp,
            user.created_at
        ])
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
        self.put(
            PUT_MEMBERSHIP,
            args![id, user, account, role, id.drawn_at()],
        )
        .await
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
