//! Who may sign in.

use trunkline_engine::ports::PortError;
use trunkline_engine::ports::access::{Access, ApiKey, Login, Membership, NewPassword, Role, User};
use trunkline_engine::ports::configuration::Configuration;

use super::World;
use super::world::{NOON, account};

fn user(world: &World, email: &str) -> User {
    User {
        id: world.id(),
        email: email.to_owned(),
        name: "Ann".to_owned(),
        password_hash: "$argon2id$v=19$…".to_owned(),
        password_once: true,
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
        ann.password_once = false;
        store.put_user(&ann).await.unwrap();
        assert_eq!(store.user(ann.id).await.unwrap(), Some(ann));
        let twin = store.put_user(&user(&world, "ann@example.com")).await;
        assert!(matches!(twin, Err(PortError::Conflict(_))), "{twin:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_changes_nothing_else_and_no_password_that_is_newer() {
    for world in World::both().await {
        let store = &world.store;
        let ann = user(&world, "ann@example.com");
        let password = |hash: &str| NewPassword {
            hash: hash.to_owned(),
            once: false,
        };
        let before = &ann.password_hash;
        let change = async |to: &str| {
            let to = password(to);
            store.change_password(ann.id, before, &to).await.unwrap()
        };
        assert!(!change("new").await, "who is gone stays gone");
        assert_eq!(store.user(ann.id).await.unwrap(), None);

        store.put_user(&ann).await.unwrap();
        // Meanwhile, as while the password was worked out.
        let meanwhile = User {
            name: "Anne".to_owned(),
            totp_secret: None,
            operator: false,
            ..ann.clone()
        };
        store.put_user(&meanwhile).await.unwrap();
        assert!(change("new").await);
        let now = User {
            password_hash: "new".to_owned(),
            password_once: false,
            ..meanwhile
        };
        assert_eq!(store.user(ann.id).await.unwrap(), Some(now.clone()));

        assert!(!change("late").await, "it is another one by now");
        assert_eq!(store.user(ann.id).await.unwrap(), Some(now.clone()));

        store.make_operator(ann.id).await.unwrap();
        let operator = User {
            operator: true,
            ..now
        };
        assert_eq!(store.user(ann.id).await.unwrap(), Some(operator));
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
async fn an_account_keeps_an_owner_and_whoever_leaves_loses_their_logins_there() {
    for world in World::both().await {
        let store = &world.store;
        let (home, other) = (account(world.id()), account(world.id()));
        store.put_account(&home).await.unwrap();
        store.put_account(&other).await.unwrap();
        let person = |email, operator| User {
            operator,
            ..user(&world, email)
        };
        let ann = person("ann@example.com", true);
        let bob = person("bob@example.com", false);
        let cem = person("cem@example.com", false);
        let member = |user: &User, account, role| Membership {
            id: world.id(),
            user: user.id,
            account,
            role,
        };
        let anns = member(&ann, home.id, Role::Owner);
        let bobs = member(&bob, home.id, Role::Manager);
        let bobs_other = member(&bob, other.id, Role::Owner);
        let cems = member(&cem, home.id, Role::Viewer);
        for person in [&ann, &bob, &cem] {
            store.put_user(person).await.unwrap();
        }
        for membership in [&anns, &bobs, &bobs_other, &cems] {
            store.put_membership(membership).await.unwrap();
        }
        for (byte, person, account) in [
            (1, &ann, home.id),
            (2, &bob, home.id),
            (3, &bob, other.id),
            (4, &cem, home.id),
        ] {
            let login = Login {
                id: world.id(),
                token_hash: [byte; 32],
                user: person.id,
                account,
                created_at: NOON,
                expires_at: NOON.plus_millis(1_000),
            };
            store.add_login(&login).await.unwrap();
        }
        let conflict = |told: Result<(), PortError>| {
            assert!(matches!(told, Err(PortError::Conflict(_))), "{told:?}");
        };
        let found = store.member(home.id, bobs.id).await.unwrap();
        assert_eq!(found.map(|m| m.membership).as_ref(), Some(&bobs));
        assert_eq!(store.member(other.id, bobs.id).await.unwrap(), None);
        let listed = store.members(home.id, 10).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|m| (&*m.email, m.operator)).collect();
        assert_eq!(
            listed,
            [
                ("ann@example.com", true),
                ("bob@example.com", false),
                ("cem@example.com", false)
            ]
        );

        // The only owner stays one, whatever is asked.
        conflict(store.delete_membership(&anns).await);
        conflict(store.delete_user(ann.id).await);
        let lowered = Membership {
            role: Role::Viewer,
            ..anns.clone()
        };
        conflict(store.put_membership(&lowered).await);
        assert!(
            store.login(&[1; 32]).await.unwrap().is_some(),
            "a refusal changes nothing"
        );

        // Out of one account, a member of another is still there.
        store.delete_membership(&bobs).await.unwrap();
        conflict(store.delete_membership(&bobs).await);
        assert_eq!(
            store.memberships(bob.id).await.unwrap(),
            vec![bobs_other.clone()]
        );
        assert_eq!(store.login(&[2; 32]).await.unwrap(), None);
        assert!(store.login(&[3; 32]).await.unwrap().is_some());

        // Out of the only one, the person is gone; whoever runs the server is not.
        store.delete_membership(&cems).await.unwrap();
        assert_eq!(store.user(cem.id).await.unwrap(), None);
        assert_eq!(store.login(&[4; 32]).await.unwrap(), None);
        let second = member(&bob, home.id, Role::Owner);
        store.put_membership(&second).await.unwrap();
        store.put_membership(&lowered).await.unwrap();
        store.delete_membership(&lowered).await.unwrap();
        assert!(store.user(ann.id).await.unwrap().is_some());
        assert_eq!(store.login(&[1; 32]).await.unwrap(), None);

        // A user as a whole, once every account has another owner.
        conflict(store.delete_user(bob.id).await);
        for account in [home.id, other.id] {
            let heir = member(&ann, account, Role::Owner);
            store.put_membership(&heir).await.unwrap();
        }
        store.delete_user(bob.id).await.unwrap();
        assert_eq!(store.user(bob.id).await.unwrap(), None);
        assert_eq!(store.memberships(bob.id).await.unwrap(), vec![]);
        assert_eq!(store.login(&[3; 32]).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_who_remove_each_other_at_once_leave_one() {
    for world in World::both().await {
        let store = &world.store;
        for round in 0..8 {
            let home = account(world.id());
            store.put_account(&home).await.unwrap();
            let mut owners = Vec::new();
            for name in ["a", "b"] {
                let owner = user(&world, &format!("{name}{round}@example.com"));
                store.put_user(&owner).await.unwrap();
                let membership = Membership {
                    id: world.id(),
                    user: owner.id,
                    account: home.id,
                    role: Role::Owner,
                };
                store.put_membership(&membership).await.unwrap();
                owners.push(membership);
            }
            let told = tokio::join!(
                store.delete_membership(&owners[0]),
                store.delete_membership(&owners[1])
            );
            assert!(told.0.is_ok() != told.1.is_ok(), "{told:?}");
            assert_eq!(store.members(home.id, 10).await.unwrap().len(), 1);
        }
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
