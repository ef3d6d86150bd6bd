// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";

/// @dev What a person signed: an ERC-3009 ReceiveWithAuthorization. Payer, amount and nonce are not in here on purpose: the
/// called contract computes them, so the signature only fits the very action that the nonce names.
struct Authorization {
    uint256 validAfter;
    uint256 validBefore;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @dev Takes `units` from `payer` into the calling contract. Reverts with the token's ERC3009 errors.
library Authorizations {
    function take(IERC3009 token, address payer, uint256 units, bytes32 nonce, Authorization calldata a) internal {
        token.receiveWithAuthorization(payer, address(this), units, a.validAfter, a.validBefore, nonce, a.v, a.r, a.s);
    }
}
