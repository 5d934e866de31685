//! Who may sign in.

use trunkline_engine::ports::access::{Access, ApiKey, Login, Membership, Role, User};
use trunkline_engine::ports::configuration::Configuration;

use super::World;
use super::world::{NOON, account};

fn user(world: &World, email: &str) -> User {
    User {
        id: world.id(),
        email: email.to_owned(),
        name: "Ann".to_owned(),
        password_hash: "$argon2id$v=19$…".to_owned(),
        totp_secret: Some("JBSWY3DPEHPK3PXP".to_owned()),
        operator: true,
        created_at: NOON,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_found_by_address_and_id_and_an_address_belongs_to_one() {
    for world in World::both().await {
        let store = &world.store;
        assert!(!store.has_users().await.unwrap());
        let mut ann = user(&world, "ann@example.com");
        store.put_user(&ann).await.unwrap();
        store.put_user(&ann).await.unwrap();
        assert!(store.has_users().await.unwrap());
        assert_eq!(
            store.user_by_email("ann@example.com").await.unwrap(),
            Some(ann.clone())
        );
        assert_eq!(store.user_by_email("bob@example.com").await.unwrap(), None);
        ann.totp_secret = None;
        ann.name = "Anne".to_owned();
        store.put_user(&ann).await.unwrap();
        assert_eq!(store.user(ann.id).await.unwrap(), Some(ann));
        let twin = store.put_user(&user(&world, "ann@example.com")).await;
        assert!(
            matches!(twin, Err(trunkline_engine::ports::PortError::Conflict(_))),
            "{twin:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_totp_secret_is_not_in_the_file() {
    let world = World::on(trunkline_store::testing::TestDatabase::sqlite()).await;
    world
        .store
        .put_user(&user(&world, "ann@example.com"))
        .await
        .unwrap();
    world.store.db().close().await;
    for name in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{name}", world.database.url)).unwrap_or_default();
        assert!(!bytes.windows(8).any(|window| window == b"JBSWY3DP"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_a_member_of_an_account_once() {
    for world in World::both().await {
        let store = &world.store;
        let (ann, home, other) = (
            user(&world, "ann@example.com"),
            account(world.id()),
            account(world.id()),
        );
        store.put_user(&ann).await.unwrap();
        store.put_account(&home).await.unwrap();
        store.put_account(&other).await.unwrap();
        let member = |account, role| Membership {
            id: world.id(),
            user: ann.id,
            account,
            role,
        };
        let mut first = member(home.id, Role::Viewer);
        let second = member(other.id, Role::Owner);
        store.put_membership(&first).await.unwrap();
        store.put_membership(&second).await.unwrap();
        first.role = Role::Manager;
        store.put_membership(&first).await.unwrap();
        assert_eq!(
            store.memberships(ann.id).await.unwrap(),
            vec![first, second]
        );
        assert!(
            store
                .put_membership(&member(home.id, Role::Owner))
                .await
                .is_err()
        );
        assert!(
            store
                .put_membership(&member(world.id(), Role::Owner))
                .await
                .is_err(),
            "no such account"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_begin_and_end() {
    for world in World::both().await {
        let store = &world.store;
        let (ann, home) = (user(&world, "ann@example.com"), account(world.id()));
        store.put_user(&ann).await.unwrap();
        store.put_account(&home).await.unwrap();
        let login = |byte| Login {
            id: world.id(),
            token_hash: [byte; 32],
            user: ann.id,
            account: home.id,
            created_at: NOON,
            expires_at: NOON.plus_millis(1_000),
        };
        let logins = [login(1), login(2), login(3)];
        for login in &logins {
            store.add_login(login).await.unwrap();
        }
        assert_eq!(
            store.login(&[2; 32]).await.unwrap().as_ref(),
            Some(&logins[1])
        );
        assert_eq!(store.login(&[9; 32]).await.unwrap(), None);
        store.delete_login(logins[0].id).await.unwrap();
        store.delete_login(logins[0].id).await.unwrap();
        assert_eq!(store.login(&[1; 32]).await.unwrap(), None);
        store
            .delete_other_logins(ann.id, logins[2].id)
            .await
            .unwrap();
        assert_eq!(store.login(&[2; 32]).await.unwrap(), None);
        assert_eq!(
            store.login(&[3; 32]).await.unwrap().as_ref(),
            Some(&logins[2])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_ended_stays_ended_when_its_account_is_switched_afterwards() {
    for world in World::both().await {
        let store = &world.store;
        let ann = user(&world, "ann@example.com");
        let (home, other) = (account(world.id()), account(world.id()));
        store.put_user(&ann).await.unwrap();
        store.put_account(&home).await.unwrap();
        store.put_account(&other).await.unwrap();
        let mut login = Login {
            id: world.id(),
            token_hash: [1; 32],
            user: ann.id,
            account: home.id,
            created_at: NOON,
            expires_at: NOON.plus_millis(1_000),
        };
        store.add_login(&login).await.unwrap();
        assert!(store.switch_login(login.id, other.id).await.unwrap());
        login.account = other.id;
        assert_eq!(store.login(&[1; 32]).await.unwrap().as_ref(), Some(&login));
        store.delete_login(login.id).await.unwrap();
        assert!(!store.switch_login(login.id, home.id).await.unwrap());
        assert_eq!(store.login(&[1; 32]).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api_keys_belong_to_their_account_and_stay_removed() {
    for world in World::both().await {
        let store = &world.store;
        let (home, other) = (account(world.id()), account(world.id()));
        store.put_account(&home).await.unwrap();
        store.put_account(&other).await.unwrap();
        let mut key = ApiKey {
            id: world.id(),
            account: home.id,
            name: "CI".to_owned(),
            prefix: "tlk_ab12".to_owned(),
            key_hash: [7; 32],
            scopes: vec!["read".to_owned(), "recordings".to_owned()],
            created_at: NOON,
            last_used_at: None,
        };
        store.add_api_key(&key).await.unwrap();
        assert!(store.api_key_used(key.id, NOON).await.unwrap());
        key.last_used_at = Some(NOON);
        assert_eq!(store.api_key(&[7; 32]).await.unwrap().as_ref(), Some(&key));
        assert_eq!(store.api_keys(home.id).await.unwrap(), vec![key.clone()]);
        assert!(store.api_keys(other.id).await.unwrap().is_empty());
        assert!(!store.delete_api_key(other.id, key.id).await.unwrap());
        assert!(store.delete_api_key(home.id, key.id).await.unwrap());
        assert_eq!(store.api_key(&[7; 32]).await.unwrap(), None);
        // A request that read the key before its removal writes its stamp after it.
        let later = NOON.plus_millis(60_000);
        assert!(!store.api_key_used(key.id, later).await.unwrap());
        assert_eq!(store.api_key(&[7; 32]).await.unwrap(), None);
        assert!(store.api_keys(home.id).await.unwrap().is_empty());
    }
}
