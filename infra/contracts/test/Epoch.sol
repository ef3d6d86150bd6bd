// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRewards} from "../IRewards.sol";
import {Tree} from "./Tree.sol";
import {World} from "./World.sol";

/// @dev Roots over made-up accounts with index 0, 1, ... and what may be done with them.
abstract contract Epoch is World {
    struct Table {
        uint64[] cumulatives;
        bytes32[] nodes;
        uint64 total;
    }

    function _account(uint256 index) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("account", index)))));
    }

    function _leafOf(Table memory t, uint256 index) internal pure returns (IRewards.Leaf memory) {
        return IRewards.Leaf(index, _account(index), t.cumulatives[index]);
    }

    function _hashOf(IRewards.Leaf memory leaf) internal view returns (bytes32) {
        bytes memory words = abi.encode(rewards.LEAF_TAG(), leaf.index, leaf.account, leaf.cumulative);
        return keccak256(bytes.concat(keccak256(words)));
    }

    function _table(uint64[] memory cumulatives) internal view returns (Table memory t) {
        t.cumulatives = cumulatives;
        bytes32[] memory leaves = new bytes32[](cumulatives.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            t.total += cumulatives[i];
            leaves[i] = _hashOf(_leafOf(t, i));
        }
        t.nodes = Tree.build(leaves);
    }

    /// @dev Everybody has earned `each` since the beginning.
    function _even(uint256 size, uint64 each) internal view returns (Table memory) {
        uint64[] memory cumulatives = new uint64[](size);
        for (uint256 i = 0; i < size; ++i) cumulatives[i] = each;
        return _table(cumulatives);
    }

    function _post(Table memory t, uint24 epoch) internal {
        vm.prank(POSTER);
        rewards.post(t.nodes[0], "file", epoch, t.total);
    }

    function _claim(Table memory t, uint256 index) internal returns (uint64) {
        return rewards.claim(_leafOf(t, index), Tree.proof(t.nodes, index));
    }

    function _claimRange(Table memory t, uint256 first, uint256 count) internal returns (uint256) {
        uint256[] memory entries = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            entries[i] = (uint256(uint160(_account(first + i))) << 64) | t.cumulatives[first + i];
        }
        (uint256 place, bytes32[] memory proof) = Tree.range(t.nodes, first, count);
        return rewards.claimRange(first, place, entries, proof);
    }

    function _challenge(uint256 key) internal {
        _mint(vm.addr(key), CHALLENGE_BOND);
        bytes32 root = rewards.standing().pendingRoot;
        bytes32 nonce = keccak256(abi.encode(rewards.CHALLENGE(), root, bytes32("evidence")));
        rewards.challenge(vm.addr(key), "evidence", _sign(key, address(rewards), CHALLENGE_BOND, nonce));
    }
}
