// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {IRewards} from "./IRewards.sol";

/// @dev The tree of payouts: leaf i of n has place 2n-2-i, node p the children 2p+1 and 2p+2, pairs are sorted.
library RewardTree {
    bytes32 internal constant LEAF_TAG = keccak256("tributary/reward-leaf");

    function hash(IRewards.Leaf calldata leaf) internal pure returns (bytes32) {
        return hash(leaf.index, leaf.account, leaf.cumulative);
    }

    function hash(uint256 index, address account, uint64 cumulative) internal pure returns (bytes32 digest) {
        bytes32 tag = LEAF_TAG;
        uint256 owner = uint256(uint160(account)) & type(uint160).max;
        uint256 units = uint256(cumulative) & type(uint64).max;
        // The masks matter: a value narrowed from a larger one keeps its upper bits until it is used outside of assembly.
        // keccak256(bytes.concat(keccak256(abi.encode(tag, index, account, cumulative)))) without keeping memory: the memory
        // of 256 such calls costs 1,500 gas each.
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, tag)
            mstore(add(free, 0x20), index)
            mstore(add(free, 0x40), owner)
            mstore(add(free, 0x60), units)
            mstore(0, keccak256(free, 0x80))
            digest := keccak256(0, 0x20)
        }
    }

    // The loops are unchecked: nothing in them passes the number of entries.

    /// @dev Leaf hashes in the order of their places in the tree: the last leaf comes first.
    function hashRange(uint256 first, uint256[] calldata entries) internal pure returns (bytes32[] memory row) {
        uint256 left = entries.length;
        row = new bytes32[](left);
        unchecked {
            while (left > 0) {
                uint256 entry = entries[row.length - left];
                uint256 index = first + row.length - left;
                row[--left] = hash(index, address(uint160(entry >> 64)), uint64(entry));
            }
        }
    }

    /// @dev The root over neighbours at places `place`, `place` + 1, ... of one level. Node i has the children 2i+1 and 2i+2.
    /// A proof that is too short ends in a panic, one that is too long or of another shape in NotInTree.
    function rootOver(bytes32[] memory row, uint256 place, bytes32[] calldata proof) internal pure returns (bytes32) {
        uint256 count = row.length;
        uint256 used;
        unchecked {
            for (; place > 0; place = (place - 1) >> 1) {
                uint256 i;
                uint256 parents;
                if (place & 1 == 0) row[parents++] = Hashes.commutativeKeccak256(proof[used++], row[i++]);
                for (; i + 1 < count; i += 2) row[parents++] = Hashes.commutativeKeccak256(row[i], row[i + 1]);
                if (i < count) row[parents++] = Hashes.commutativeKeccak256(row[i], proof[used++]);
                count = parents;
            }
        }
        if (count != 1 || used != proof.length) revert IRewards.NotInTree();
        return row[0];
    }
}
