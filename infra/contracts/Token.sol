// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// @title Payment and bond token of the embedded network; elsewhere USDC stands in its place
/// @notice Plain ERC-20 with 6 decimals, Permit and ERC-3009 with random nonces. Minted by the minter role of the access
/// manager only: the faucet of a network whose money is play money.
contract Token is ERC20, ERC20Permit, ERC3009, AccessManaged {
    /// @dev The other contracts count units in 63 bits; a larger supply could overflow them.
    uint256 public constant MAX_SUPPLY = uint256(type(uint64).max) / 2;

    error SupplyExceeded(uint256 supply, uint256 max);

    constructor(address manager) ERC20("Tributary Credit", "TRIB") ERC20Permit("Tributary Credit") AccessManaged(manager) {}

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice Creates `units` for `to`. Reverts with SupplyExceeded when the supply would pass MAX_SUPPLY.
    function mint(address to, uint256 units) external restricted {
        _mint(to, units);
        if (totalSupply() > MAX_SUPPLY) revert SupplyExceeded(totalSupply(), MAX_SUPPLY);
    }
}
