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

    /// @dev Siblings beside the leaves first .. first+count-1, and the place of the last of them.
    function range(bytes32[] memory nodes, uint256 first, uint256 count)
        internal
        pure
        returns (uint256 place, bytes32[] memory path)
    {
        place = nodes.length - first - count;
        bytes32[] memory all = new bytes32[](nodes.length);
        uint256 siblings;
        uint256 low = place;
        uint256 high = place + count - 1;
        for (; low > 0; (low, high) = ((low - 1) / 2, (high - 1) / 2)) {
            if (low % 2 == 0) all[siblings++] = nodes[low - 1];
            if (high % 2 == 1) all[siblings++] = nodes[high + 1];
        }
        path = new bytes32[](siblings);
        for (uint256 i = 0; i < siblings; ++i) path[i] = all[i];
    }

    /// @dev How many leaves from `first` on lie on its level of the tree.
    function level(bytes32[] memory nodes, uint256 first) internal pure returns (uint256) {
        uint256 place = nodes.length - 1 - first;
        uint256 lowest = 1;
        while (2 * lowest <= place + 1) lowest *= 2; // places lowest-1 .. 2*lowest-2 are one level
        uint256 leftmost = lowest - 1;
        uint256 firstLeaf = nodes.length / 2;
        if (leftmost < firstLeaf) leftmost = firstLeaf;
        return place - leftmost + 1;
    }
}
