//! The operations about waiting rooms.

use futures_util::future::try_join_all;
use usher_keys::{EventId, Timestamp};

use crate::waiting_room::{
    BeaconRefusal, DrawLobby, JoinRoom, LetThrough, LetThroughOutcome, LobbyQuery, PublishRoot, ResealRoom,
    Room, RoomRefusal, SetRoom, SteerRoom,
};

use super::postgres::Concerns;
use super::{Store, StoreError, cells, operations};

operations! {
    writes {
        /// Opens a waiting room, or changes what is said of it.
        set_room(SetRoom) -> Result<Room, RoomRefusal> = operations::waiting_room::set_room;
        /// Closes the waiting room of an event for good; tells whether there was one.
        close_room(EventId) -> bool = operations::waiting_room::close_room;
        /// Gives out passes; tells the number of the first one, or nothing where there is no waiting room.
        join_room(JoinRoom) -> Option<u64> = operations::waiting_room::join_room;
        /// Takes a step of the threshold; nothing while another process steers the room.
        steer_room(SteerRoom) -> Option<Room> = operations::waiting_room::steer_room;
        /// Publishes the root of a lobby; tells whether it was not yet.
        publish_root(PublishRoot) -> bool = operations::waiting_room::publish_root;
        /// Draws a lobby by its beacon.
        draw_lobby(DrawLobby) -> Result<Room, BeaconRefusal> = operations::waiting_room::draw_lobby;
        /// Lets a pass through whose turn it is, once.
        let_through(LetThrough) -> LetThroughOutcome = operations::waiting_room::let_through;
        /// Puts the secret of a room that is sealed anew in place of what it was; tells whether it was still that.
        reseal_room(ResealRoom) -> bool = operations::waiting_room::reseal_room;
    }
    reads {
        /// Finds the waiting room of an event.
        room(EventId) -> Option<Room> = operations::waiting_room::room;
        /// Lists hashes of the passes of a lobby from a number on, as many as come at once; none at its end.
        lobby_passes(LobbyQuery) -> Vec<[u8; 32]> = operations::waiting_room::lobby_passes;
    }
    gathers {
        /// Lists the events whose waiting room has something to do.
        busy_rooms(Timestamp) -> Vec<EventId> = operations::waiting_room::busy_rooms, cells::one_list;
        /// Lists the secrets of all waiting rooms, sealed.
        room_secrets(()) -> Vec<(EventId, Vec<u8>)> = operations::waiting_room::room_secrets, cells::one_list;
    }
}
