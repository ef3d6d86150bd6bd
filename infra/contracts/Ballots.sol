// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IRegistry} from "./IRegistry.sol";

/// @dev The tree of a poll's ballots, and what proves that one voter or one index was counted twice in it.
library Ballots {
    bytes32 internal constant TAG = keccak256("tributary/ballot-leaf");

    /// @dev Reverts with NotInTree or NotARefutation unless both ballots are in the tree and contradict each other.
    function refute(
        bytes32 proposalId,
        bytes32 root,
        IRegistry.Ballot calldata one,
        bytes32[] calldata oneProof,
        IRegistry.Ballot calldata other,
        bytes32[] calldata otherProof
    ) internal pure {
        bytes32 oneHash = hash(proposalId, one);
        bytes32 otherHash = hash(proposalId, other);
        if (
            !MerkleProof.verifyCalldata(oneProof, root, oneHash)
                || !MerkleProof.verifyCalldata(otherProof, root, otherHash)
        ) revert IRegistry.NotInTree();
        bool twice = one.voter == other.voter || one.index == other.index;
        if (oneHash == otherHash || !twice) revert IRegistry.NotARefutation();
    }

    function hash(bytes32 proposalId, IRegistry.Ballot calldata b) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(TAG, proposalId, b.index, b.voter, b.choice, b.weight))));
    }
}
