//! Who may sign in, and with what.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, ApiKeyId, LoginId, MembershipId, UserId};

use super::PortResult;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Address they sign in with, in lower case; unique.
    pub email: String,
    /// Name for people.
    pub name: String,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether the password was printed for them: they must choose another before anything else.
    pub password_once: bool,
    /// Base-32 TOTP secret (RFC 6238), when set up. Stored sealed.
    pub totp_secret: Option<String>,
    /// Whether they run the server.
    pub operator: bool,
    /// When the user was made.
    pub created_at: Timestamp,
}

/// What a member may do in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May look.
    Viewer,
    /// May set up and change.
    Manager,
    /// May do everything, members and keys included.
    Owner,
}

impl Role {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Manager => "manager",
            Self::Owner => "owner",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "viewer" => Some(Self::Viewer),
            "manager" => Some(Self::Manager),
            "owner" => Some(Self::Owner),
            _ => None,
        }
    }
}

/// A user's place in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Its id.
    pub id: MembershipId,
    /// The user.
    pub user: UserId,
    /// The account.
    pub account: AccountId,
    /// What they may do.
    pub role: Role,
}

/// A membership with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub membership: Membership,
    /// Address the user signs in with.
    pub email: String,
    /// Name for people.
    pub name: String,
    /// Whether they run the server.
    pub operator: bool,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// SHA-256 of the cookie's token.
    pub token_hash: [u8; 32],
    /// Who.
    pub user: UserId,
    /// The account they look at.
    pub account: AccountId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When the login ends.
    pub expires_at: Timestamp,
}

/// A key for the management API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The account it opens.
    pub account: AccountId,
    /// Name for people.
    pub name: String,
    /// First characters of the key, to recognise it by.
    pub prefix: String,
    /// SHA-256 of the key.
    pub key_hash: [u8; 32],
    /// What it may do: `read`, `write`, `recordings`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A password that a user is given.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// As Argon2id wrote it.
    pub hash: String,
    /// Whether it opens only the choice of another one.
    pub once: bool,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let once = self.once;
        f.debug_struct("NewPassword")
            .field("once", &once)
            .finish_non_exhaustive()
    }
}

/// Users, memberships, logins and keys.
#[async_trait]
pub trait Access: Send + Sync {
    /// Whether any user exists.
    async fn has_users(&self) -> PortResult<bool>;
    /// Inserts or replaces a user; a conflict when the address is taken.
    async fn put_user(&self, user: &User) -> PortResult<()>;
    /// Gives a user another password, if the one they have is still `before`; answers whether it was. Nothing else of the
    /// user changes.
    async fn change_password(
        &self,
        id: UserId,
        before: &str,
        password: &NewPassword,
    ) -> PortResult<bool>;
    /// Makes a user one who runs the server; nothing else of the user changes.
    async fn make_operator(&self, id: UserId) -> PortResult<()>;
    /// The user of an address in lower case.
    async fn user_by_email(&self, email: &str) -> PortResult<Option<User>>;
    /// A user by id.
    async fn user(&self, id: UserId) -> PortResult<Option<User>>;
    /// Inserts or replaces a membership; a conflict when the user is in the account already, or when the account would
    /// lose its only owner.
    async fn put_membership(&self, membership: &Membership) -> PortResult<()>;
    /// The members of an account, oldest first.
    async fn members(&self, account: AccountId, limit: u32) -> PortResult<Vec<Member>>;
    /// A member of an account.
    async fn member(&self, account: AccountId, id: MembershipId) -> PortResult<Option<Member>>;
    /// Takes a membership away and ends the user's logins in that account. A user without any membership left goes with
    /// it, unless they run the server. A conflict when it is gone already, or when the account would lose its only owner.
    async fn delete_membership(&self, membership: &Membership) -> PortResult<()>;
    /// Removes a user with every membership and login; a conflict when an account would lose its only owner.
    async fn delete_user(&self, user: UserId) -> PortResult<()>;
    /// The memberships of a user, oldest first.
    async fn memberships(&self, user: UserId) -> PortResult<Vec<Membership>>;
    /// Inserts a login.
    async fn add_login(&self, login: &Login) -> PortResult<()>;
    /// Lets a login look at another account; answers whether the login is still there. One that ended
    /// stays ended.
    async fn switch_login(&self, id: LoginId, account: AccountId) -> PortResult<bool>;
    /// The login with that token, ended ones included.
    async fn login(&self, token_hash: &[u8; 32]) -> PortResult<Option<Login>>;
    /// Ends a login.
    async fn delete_login(&self, id: LoginId) -> PortResult<()>;
    /// Ends every login of a user but one.
    async fn delete_other_logins(&self, user: UserId, keep: LoginId) -> PortResult<()>;
    /// Inserts a key.
    async fn add_api_key(&self, key: &ApiKey) -> PortResult<()>;
    /// Notes when a key was last used; answers whether the key is still there. One that was removed stays
    /// removed.
    async fn api_key_used(&self, id: ApiKeyId, at: Timestamp) -> PortResult<bool>;
    /// The key with that hash.
    async fn api_key(&self, key_hash: &[u8; 32]) -> PortResult<Option<ApiKey>>;
    /// The keys of an account, oldest first.
    async fn api_keys(&self, account: AccountId) -> PortResult<Vec<ApiKey>>;
    /// Removes a key of an account; answers whether there was one.
    async fn delete_api_key(&self, account: AccountId, id: ApiKeyId) -> PortResult<bool>;
}
