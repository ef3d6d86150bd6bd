// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @dev The payout tree of infra/merkle.ts: node i has the children 2i+1 and 2i+2, leaves in order from the end.
library Tree {
    function build(bytes32[] memory leaves) internal pure returns (bytes32[] memory nodes) {
        uint256 size = leaves.length;
        nodes = new bytes32[](2 * size - 1);
        for (uint256 i = 0; i < size; ++i) nodes[2 * size - 2 - i] = leaves[i];
        for (uint256 i = size - 1; i > 0; --i) nodes[i - 1] = Hashes.commutativeKeccak256(nodes[2 * i - 1], nodes[2 * i]);
    }

    function proof(bytes32[] memory nodes, uint256 leaf) internal pure returns (bytes32[] memory path) {
        uint256 node = nodes.length - 1 - leaf;
        uint256 depth;
        for (uint256 i = node; i > 0; i = (i - 1) / 2) ++depth;
        path = new bytes32[](depth);
        for (uint256 d = 0; d < depth; ++d) {
            path[d] = nodes[node % 2 == 1 ? node + 1 : node - 1];
            node = (node - 1) / 2;
        }
    }

    /// @dev OpenZeppelin multiproof of the leaves first .. first+count-1.
    function range(bytes32[] memory nodes, uint256 first, uint256 count)
        internal
        pure
        returns (bytes32[] memory path, bool[] memory flags)
    {
        uint256[] memory queue = new uint256[](2 * nodes.length);
        uint256 tail;
        for (uint256 i = 0; i < count; ++i) queue[tail++] = nodes.length - 1 - first - i;
        bytes32[] memory allPath = new bytes32[](nodes.length);
        bool[] memory allFlags = new bool[](nodes.length);
        uint256 steps;
        uint256 siblings;
        for (uint256 head = 0; queue[head] > 0; ++steps) {
            uint256 node = queue[head++];
            uint256 sibling = node % 2 == 1 ? node + 1 : node - 1;
            allFlags[steps] = head < tail && queue[head] == sibling;
            if (allFlags[steps]) ++head;
            else allPath[siblings++] = nodes[sibling];
            queue[tail++] = (node - 1) / 2;
        }
        path = new bytes32[](siblings);
        for (uint256 i = 0; i < siblings; ++i) path[i] = allPath[i];
        flags = new bool[](steps);
        for (uint256 i = 0; i < steps; ++i) flags[i] = allFlags[i];
    }
}
